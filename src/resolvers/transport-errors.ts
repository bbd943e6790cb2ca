import { GraphQLError } from 'graphql';

export type TransportErrorCode =
  'UNAUTHENTICATED' | 'FORBIDDEN' | 'BAD_REQUEST' | 'QUERY_TOO_COMPLEX' | 'RATE_LIMITED' | 'NOT_FOUND' | 'INTERNAL';

/** A failure of the request as a whole, or of a field that the caller may not see. */
export class TransportError extends GraphQLError {
  constructor(code: TransportErrorCode, message: string) {
    super(message, { extensions: { code } });
  }
}

/** When a field needs a key and none was sent. */
export class Unauthenticated extends TransportError {
  constructor() {
    super('UNAUTHENTICATED', 'This needs an API key: send it as "Authorization: Bearer <key>" or "x-api-key: <key>".');
  }
}

/** When the key does not have the scope that a field needs, or no key has the right. */
export class Forbidden extends TransportError {
  constructor(message = 'This key may not do that.') {
    super('FORBIDDEN', message);
  }
}

/** When arguments make no sense together. */
export class BadRequest extends TransportError {
  constructor(message: string) {
    super('BAD_REQUEST', message);
  }
}

/** When there is nothing of the caller's to watch. */
export class NotFound extends TransportError {
  constructor(message: string) {
    super('NOT_FOUND', message);
  }
}

/** When an account does too much at once. */
export class RateLimited extends TransportError {
  constructor(message: string) {
    super('RATE_LIMITED', message);
  }
}
