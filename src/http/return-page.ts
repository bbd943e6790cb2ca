/** The page to which a checkout returns when the buyer's front end named no other. */
export function returnPage(outcome: string | null): string {
  const paid = outcome === 'success';
  const title = paid ? 'Payment received' : 'Checkout cancelled';
  const text = paid
    ? 'Your credits arrive in a moment. You can close this page.'
    : 'Nothing was charged. You can close this page.';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { min-height: 100vh; margin: 0; display: grid; place-content: center; text-align: center; }
</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p>${text}</p>
</main>
</body>
</html>
`;
}
