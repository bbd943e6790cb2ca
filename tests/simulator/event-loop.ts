/** Lets everything else that is ready go on first. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Lets a number of turns of the event loop pass; what waits here waits the same in every run. */
export async function turns(count: number): Promise<void> {
  for (let passed = 0; passed < count; passed += 1) await turn();
}
