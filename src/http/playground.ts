import type { IncomingMessage, ServerResponse } from 'node:http';
export interface Playground {
  isWanted(request: IncomingMessage, url: URL): boolean;
  page(request: IncomingMessage, response: ServerResponse): void;
  file(request: IncomingMessage, response: ServerResponse, name: string): Promise<void> | void;
}
export function createPlayground(_options: { demoKey: string | null; adminKey: string | null }): Playground {
  return { isWanted: () => false, page: () => {}, file: () => {} };
}
