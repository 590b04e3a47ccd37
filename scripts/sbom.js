'use strict';
// Writes the bill of materials of a platform's release binary: `node scripts/sbom.js <platform>` makes
// ferripc.<platform>.cdx.json (CycloneDX 1.5) of the ferripc.<platform>.node beside package.json: each crate
// in it, with version, licence and checksum, and the binary's SHA-256. Needs cargo-cyclonedx. Used by the
// release workflow, which puts it into the platform's package and attests it.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { platformOf, sha256 } = require('./build-release');
const { fileOf } = require('./platforms');

const root = path.join(__dirname, '..');

function main([name]) {
  const platform = platformOf(name);
  const binary = path.join(root, fileOf(name));
  const base = fileOf(name).replace(/\.node$/, '.cdx');
  const args = ['cyclonedx', '--quiet', '--format', 'json', '--spec-version', '1.5'];
  args.push('--no-build-deps', '--target', platform.target, '--override-filename', base);
  // The same file every time.
  const env = { ...process.env, SOURCE_DATE_EPOCH: '0' };
  execFileSync('cargo', args, { cwd: root, stdio: 'inherit', env });
  const file = path.join(root, `${base}.json`);
  // The one name in it that depends on where it was made.
  const text = fs
    .readFileSync(file, 'utf8')
    .replace(/path\+file:[^"#]*#/g, 'path+file:///ferripc#');
  const sbom = JSON.parse(text);
  sbom.metadata.component.hashes = [{ alg: 'SHA-256', content: sha256(binary) }];
  fs.writeFileSync(file, `${JSON.stringify(sbom, null, 2)}\n`);
  console.log(`${base}.json: ${sbom.components.length} crates`);
}

main(process.argv.slice(2));
