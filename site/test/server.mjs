// Serves the built site on the loopback address, as a host of static files does. Used by run.mjs.

import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';

const TYPES = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** Serves `folder`; resolves with `{ origin, close }`. */
export async function serve(folder) {
  const server = http.createServer(({ url }, response) => {
    const name = decodeURIComponent(new URL(url, 'http://localhost').pathname);
    let file = path.join(folder, name);
    if (name.endsWith('/')) file = path.join(file, 'index.html');
    const found = file.startsWith(folder) && fs.statSync(file, { throwIfNoEntry: false })?.isFile();
    if (!found) return response.writeHead(404).end();
    response.writeHead(200, {
      'content-type': TYPES[path.extname(file)] ?? 'application/octet-stream',
    });
    return fs.createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}
