'use strict';
// A small npm registry on the loopback interface, which remembers what was asked for. Used by site.js.

const crypto = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { integrityOf } = require('../../scripts/pack');

/**
 * Serves packages, each `{ packageJson, tarball }`. Resolves with the registry: its `url`, what was
 * `downloaded` (names of tarballs) and `unknown` (paths of anything else that was asked for) since the last
 * `forget()`, and `close()`.
 */
async function startRegistry(packages) {
  const registry = { url: '', downloaded: new Set(), unknown: new Set() };

  /** What the registry says of a package: its one version. */
  function packument({ packageJson, tarball }) {
    const { name, version } = packageJson;
    const data = fs.readFileSync(tarball);
    const dist = {
      tarball: `${registry.url}/-/${path.basename(tarball)}`,
      integrity: integrityOf(data),
      shasum: crypto.createHash('sha1').update(data).digest('hex'),
    };
    const published = '2020-01-01T00:00:00.000Z'; // not too young for managers that wait some days
    return {
      name,
      'dist-tags': { latest: version },
      versions: { [version]: { ...packageJson, _id: `${name}@${version}`, dist } },
      time: { created: published, modified: published, [version]: published },
    };
  }

  const byName = new Map(packages.map((it) => [it.packageJson.name, it]));
  const byFile = new Map(packages.map((it) => [path.basename(it.tarball), it.tarball]));
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://registry');
    const name = decodeURIComponent(pathname.slice(1));
    const tarball = byFile.get(name.replace(/^-\//, ''));
    if (tarball) {
      registry.downloaded.add(path.basename(tarball));
      response.end(fs.readFileSync(tarball));
    } else if (byName.has(name)) {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(packument(byName.get(name))));
    } else {
      registry.unknown.add(`${request.method} ${pathname}`);
      response.writeHead(404).end('{}');
    }
  });
  await new Promise((resolve) => void server.listen(0, '127.0.0.1', resolve));
  registry.url = `http://127.0.0.1:${server.address().port}`;
  registry.forget = () => {
    registry.downloaded.clear();
    registry.unknown.clear();
  };
  registry.close = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return registry;
}

module.exports = startRegistry;
