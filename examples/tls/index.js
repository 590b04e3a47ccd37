'use strict';
// node examples/tls
// TCP with TLS in four stages, from encryption alone to certificates on both sides. The certificates
// are made for this run and thrown away after it.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const run = require('../lib/run');
const makeCertificates = require('./make-certificates');

async function main() {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-tls-'));
  try {
    const certificates = JSON.stringify(makeCertificates(directory));
    for (const stage of ['encrypted', 'pinned', 'authority', 'mutual']) {
      console.log(`\n${stage}`);
      await run(
        __dirname,
        ['server', 'server', stage, certificates],
        ['client', 'client', stage, certificates],
      );
      if (process.exitCode) break;
    }
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
}

main();
