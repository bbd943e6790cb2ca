/* global document, GraphiQL, localStorage, React, ReactDOM */

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
      fetcher: GraphiQL.createFetcher({ url: '/graphql', enableIncrementalDelivery: false }),
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
