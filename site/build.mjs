// `npm run docs`: installs the packages of this folder if they are not there, and builds the site in dist/.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { stage } from './stage.mjs';

const site = fileURLToPath(new URL('.', import.meta.url));
const shell = process.platform === 'win32';

const changed = (file) =>
  fs.statSync(path.join(site, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
if (changed('node_modules/.package-lock.json') < changed('package-lock.json')) {
  const install = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
  execFileSync('npm', install, { cwd: site, stdio: 'inherit', shell });
}
stage();
const vitepress = path.join(site, 'node_modules', 'vitepress', 'bin', 'vitepress.js');
execFileSync(process.execPath, [vitepress, 'build', site], { cwd: site, stdio: 'inherit' });
