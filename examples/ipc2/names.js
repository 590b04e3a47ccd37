'use strict';
// The worker of src/host.rs, a host in Rust: tells what languages are called in other languages.

const { connect, codec } = require('ferripc/ipc2');

async function main() {
  const jobs = await connect({
    // As Rust has it: enum Request { Name { of: String, within: String } }
    request: codec.enum({ Name: { of: codec.string, within: codec.string } }),
    response: codec.string,
  });
  for await (const { data, tx } of jobs) {
    const { of, within } = data.Name;
    tx.send(new Intl.DisplayNames([within], { type: 'language' }).of(of));
  }
  // The host is gone.
}

main();
