/* global AbortController, document, fetch, GraphiQL, localStorage, React, ReactDOM, setTimeout, TextDecoderStream */

// Runs in the browser, after React and GraphiQL: shows GraphiQL with the examples that the page carries.

const { defaultHeaders, tabs } = JSON.parse(document.getElementById('playground-data').textContent);

/** Another GraphiQL may have been on the same port before; its tabs are no examples of ours. */
const prefix = 'wzrd-credits:';
const storage = {
  getItem: (key) => localStorage.getItem(prefix + key),
  setItem: (key, value) => localStorage.setItem(prefix + key, value),
  removeItem: (key) => localStorage.removeItem(prefix + key),
  get length() {
    return ownKeys().length;
  },
  clear() {
    for (const key of ownKeys()) localStorage.removeItem(key);
  },
};

function ownKeys() {
  return Object.keys(localStorage).filter((key) => key.startsWith(prefix));
}

/** "today-7" becomes the midnight of that day. */
function fillInDays(variables) {
  return variables?.replace(/"today([+-]\d+)?"/g, (_, days = '0') => {
    const day = new Date();
    day.setHours(24 * Number(days), 0, 0, 0);
    return JSON.stringify(day.toISOString());
  });
}

const examples = tabs.map((tab) => ({ ...tab, variables: fillInDays(tab.variables) }));

/** The tab that was open at the last visit. */
function lastTab() {
  try {
    const { tabs, activeTabIndex } = JSON.parse(storage.getItem('graphiql:tabState'));
    return tabs[activeTabIndex];
  } catch {
    return undefined;
  }
}

// GraphiQL finds the tab to open by the contents of its three editors, and adds an empty one when none has them.
const opened = lastTab() ?? examples[0];
for (const editor of ['query', 'variables', 'headers']) {
  if (opened[editor]) storage.setItem(`graphiql:${editor}`, opened[editor]);
  else storage.removeItem(`graphiql:${editor}`);
}

const fetchOnce = GraphiQL.createFetcher({ url: '/graphql', enableIncrementalDelivery: false });

/** Subscriptions are answered with events, everything else with one answer. */
function fetcher(parameters, options) {
  const operation = options?.documentAST?.definitions.find(
    ({ kind, name }) =>
      kind === 'OperationDefinition' && (!parameters.operationName || name?.value === parameters.operationName),
  );
  return operation?.operation === 'subscription' ? watch(parameters, options.headers) : fetchOnce(parameters, options);
}

/** What a subscription tells, until it is complete or nobody reads on. When it breaks off, it is taken up again. */
function watch(parameters, headers) {
  const left = new AbortController();
  const states = statesOf(parameters, headers, left.signal);
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () => states.next(),
    return() {
      // Else it would wait for the next state before it ends.
      left.abort();
      return states.return();
    },
  };
}

async function* statesOf(parameters, headers, left) {
  let lastEventId = null;
  while (!left.aborted) {
    const response = await fetch('/graphql', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        ...(lastEventId === null ? {} : { 'last-event-id': lastEventId }),
        ...headers,
      },
      body: JSON.stringify(parameters),
      signal: left,
    });
    if (!response.ok) {
      yield await response.json();
      return;
    }
    for await (const { id, event, data } of messagesOf(response.body)) {
      if (event === 'complete') return;
      lastEventId = id ?? lastEventId;
      yield JSON.parse(data);
    }
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}

/** The messages of an event stream, without its comments. */
async function* messagesOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read().catch(() => ({ done: true }));
    if (done) return;
    text += value;
    const blocks = text.split('\n\n');
    text = blocks.pop();
    for (const block of blocks) {
      const fields = block.split('\n').map((line) => /^([^:]*):? ?(.*)$/.exec(line).slice(1));
      const { id, event, data } = Object.fromEntries(fields);
      if (event !== undefined) yield { id, event, data };
    }
  }
}

/** Offers to open the address under the pointer. */
function AddressTooltip({ token }) {
  const address = token.type === 'string' ? JSON.parse(token.string) : '';
  if (!/^https?:\/\//.test(address)) return null;
  const properties = { className: 'open-address', href: address, target: '_blank', rel: 'noreferrer' };
  return React.createElement('a', properties, 'Open in a new tab');
}

ReactDOM.createRoot(document.getElementById('playground')).render(
  React.createElement(
    GraphiQL,
    {
      fetcher,
      storage,
      defaultTabs: examples,
      defaultHeaders,
      defaultEditorToolsVisibility: true,
      shouldPersistHeaders: true,
      responseTooltip: AddressTooltip,
    },
    React.createElement(GraphiQL.Logo, null, React.createElement('span', { className: 'logo' }, 'wzrd-credits')),
  ),
);
