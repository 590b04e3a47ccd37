'use strict';
// node examples/ipc2
// A host in Node whose workers are a Rust program: counts primes on all processors, and shows how far it is.
// src/host.rs is a host in Rust, with workers in Node.

const { spawnSync } = require('node:child_process');
const { WorkerSet, codec } = require('ferripc/ipc2');

const LIMIT = 200_000;
const PARTS = 20;

/** Builds the worker, and returns its path. */
function build() {
  const program = ['--package', 'ipc2_example', '--bin', 'ipc2_example'];
  const args = ['build', ...program, '--message-format=json'];
  const options = { cwd: __dirname, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };
  const { status, stdout } = spawnSync('cargo', args, { ...options, maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error('This example needs Rust: cargo could not build its worker');
  const artifacts = stdout.split('\n').filter(Boolean);
  return artifacts.map((line) => JSON.parse(line)).find((it) => it.executable).executable;
}

async function main() {
  const workers = await WorkerSet.builder()
    .workerPath(process.env.EXAMPLE_PROGRAM ?? build())
    // As Rust has it: enum Request { Primes { from: u32, to: u32 } }
    .request(codec.enum({ Primes: { from: codec.u32, to: codec.u32 } }))
    .response(codec.u32)
    .queue(PARTS) // parts that wait for a worker
    .finish();

  let done = 0;
  const count = async (part) => {
    const [from, to] = [part, part + 1].map((it) => (LIMIT / PARTS) * it);
    const primes = await workers.send({ Primes: { from, to } });
    done++;
    console.log(`${String((100 * done) / PARTS).padStart(3)} % done`);
    return primes;
  };
  const counts = await Promise.all(Array.from({ length: PARTS }, (_, part) => count(part)));
  const sum = counts.reduce((total, primes) => total + primes, 0);
  console.log(`There are ${sum} primes below ${LIMIT}.`);
  await workers.close();
}

main();
