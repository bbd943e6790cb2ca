import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeOnBoth } from '../support/databases.ts';
import { subscribe } from '../support/event-stream.ts';
import { createStudio, mini, type Studio } from '../support/studio.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

const watchGeneration = `subscription ($id: ID!, $after: ID) {
  generationUpdated(id: $id, after: $after) { id status progress creditsHeld creditsCharged text }
}`;

describeOnBoth('x', (kind) => {
  let app: TestApp;
  let studio: Studio;
  beforeAll(async () => {
    app = await startTestApp(kind);
    studio = createStudio(app);
  });
  afterAll(() => app.close());
  it('tries', async () => {
    const { key } = await app.newAccount();
    const id = await studio.queue(key);
    const stream = await subscribe(app.url, watchGeneration, { key, variables: { id } });
    console.log(stream.response.statusCode, stream.response.headers);
    console.log(await stream.next());
    await app.app.jobs.runDue();
    console.log(await stream.next());
    void app.settle();
    console.log(await stream.rest());
    console.log(app.app.services.changes.watching());
    for (const accept of ['application/json', 'text/event-stream', 'application/graphql-response+json', '*/*', 'multipart/mixed']) {
    const other = await subscribe(app.url, watchGeneration, { key, variables: { id: 'gen_x' }, headers: { accept } });
    console.log(accept, other.response.statusCode, other.response.headers['content-type'], await other.rest());
    const mine = await subscribe(app.url, watchGeneration, { key, variables: { id }, headers: { accept } });
    console.log(accept, mine.response.statusCode, mine.response.headers['content-type'], (await mine.rest()).length);
    }
    const q = await subscribe(app.url, '{ billing { mode } }', { key });
    console.log(q.response.statusCode, q.response.headers, await q.rest());
    await pause(10);
  });
});
