import type { Context, Services } from '../resolvers/context.ts';

/** A context that notices what an answer is made of. */
export interface WitnessedContext extends Context {
  /** Whether nothing but the catalog has been looked at: not who calls, not what the database says, not the time. */
  readonly isPublic: () => boolean;
}

/** What a context has of its request. */
interface ContextOfRequest extends Pick<Context, 'caller' | 'idempotencyKey' | 'lastEventId'> {
  /** Asked for when somebody wants to know: most requests are answered before anybody does. */
  readonly left: () => AbortSignal;
}

/** Services that give the same answer to everybody until the catalog changes. */
const publicServices: readonly (keyof Services)[] = ['catalog', 'checkoutAvailable', 'publicUrl'];

/** Makes contexts whose answers may be kept for others when it turns out that they are the same for all. */
export function createWitness(services: Services): (request: ContextOfRequest) => WitnessedContext {
  class WatchedServices {
    readonly notice: () => void;
    constructor(notice: () => void) {
      this.notice = notice;
    }
  }
  for (const [name, service] of Object.entries(services)) {
    const isPublic = publicServices.some((publicName) => publicName === name);
    Object.defineProperty(WatchedServices.prototype, name, {
      get(this: WatchedServices): unknown {
        if (!isPublic) this.notice();
        return service;
      },
    });
  }
  return ({ caller, idempotencyKey, lastEventId, left }) => {
    let signal: AbortSignal | null = null;
    let isPublic = true;
    const notice = (): void => {
      isPublic = false;
    };
    return {
      // It has a getter for each of the services.
      services: new WatchedServices(notice) as unknown as Services,
      get caller() {
        notice();
        return caller;
      },
      idempotencyKey,
      lastEventId,
      get left() {
        signal ??= left();
        return signal;
      },
      isPublic: () => isPublic,
    };
  };
}
