/**
 * How reads of concurrent requests are gathered: what is asked for in one turn of the event loop is read together.
 * DataLoader's own way, until the promises at hand have run, never sees two requests at once, because Node.js runs them
 * between any two that it takes from the network. Nothing is cached: each read is as old as its answer.
 */
export const gathering = {
  cache: false,
  batchScheduleFn: (dispatch: () => void): void => {
    setImmediate(dispatch);
  },
} as const;
