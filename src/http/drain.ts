import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Watches the connections of a server that does not listen yet. The function that it gives closes the server:
 * answers under way are finished, for `withinMs` at most, and connections that wait for none end at once, also
 * those that never sent a request, which Node.js leaves alone.
 */
export function watchConnections(server: Server): (withinMs: number) => Promise<void> {
  const answersOwed = new Map<Socket, number>();
  server.on('connection', (socket: Socket) => {
    answersOwed.set(socket, 0);
    socket.once('close', () => answersOwed.delete(socket));
  });
  const owe = (socket: Socket, more: number): void => {
    const owed = answersOwed.get(socket);
    if (owed !== undefined) answersOwed.set(socket, owed + more);
  };
  let closing = false;
  const endIfIdle = (socket: Socket): void => {
    if (closing && answersOwed.get(socket) === 0) socket.end();
  };
  server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    owe(socket, 1);
    // The client is told to send no more on this connection.
    if (closing) response.shouldKeepAlive = false;
    response.once('close', () => {
      owe(socket, -1);
      endIfIdle(socket);
    });
  });

  return async (withinMs) => {
    const closed = once(server, 'close');
    closing = true;
    server.close();
    for (const socket of answersOwed.keys()) endIfIdle(socket);
    const timer = setTimeout(() => server.closeAllConnections(), withinMs);
    await closed;
    clearTimeout(timer);
  };
}
