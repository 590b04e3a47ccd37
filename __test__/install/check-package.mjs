// node check-package.mjs FOLDER TARBALL: what publint and "are the types wrong?" find in a package; prints a list in
// JSON. A process of its own for packages.test.js: both are ES modules.

import fs from 'node:fs';
import path from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const [folder, tarball] = process.argv.slice(2);
const packageJson = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
const found = [];

const { buffer, byteOffset, byteLength } = fs.readFileSync(tarball);
const packed = buffer.slice(byteOffset, byteOffset + byteLength);
for (const message of (await publint({ pack: { tarball: packed }, strict: true })).messages) {
  found.push(`publint: ${formatMessage(message, packageJson)}`);
}

if (packageJson.types) {
  const { Package, checkPackage } = await import('@arethetypeswrong/core'); // which loads TypeScript
  const files = {};
  for (const name of fs.readdirSync(folder, { recursive: true })) {
    const file = path.join(folder, name);
    if (!fs.statSync(file).isFile()) continue;
    files[`/node_modules/${packageJson.name}/${name.replaceAll('\\', '/')}`] =
      fs.readFileSync(file);
  }
  const { name, version, exports } = packageJson;
  const { types, entrypoints, problems } = await checkPackage(new Package(files, name, version));
  if (!types) found.push('no types');
  for (const entry of Object.keys(exports)) {
    if (entry !== './package.json' && !entrypoints[entry]?.hasTypes)
      found.push(`no types: ${entry}`);
  }
  for (const problem of problems) found.push(`types: ${JSON.stringify(problem)}`);
}
console.log(JSON.stringify(found));
