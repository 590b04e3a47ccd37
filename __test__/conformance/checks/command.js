'use strict';
// The command `ferripc`, run by this runtime: what it says of a server and to one.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { check, needUnix, Unsupported } = require('../harness');

const COMMAND = path.join(__dirname, '..', '..', '..', 'bin', 'ferripc.js');

check('the command serves, sends, asks, lists, taps and measures', async (world) => {
  needUnix('names of sockets in a folder');
  if (process.env.FERRIPC_DRIVER === 'js') throw new Unsupported('taps need the native engine');
  const root = ['--root', `${world.tmp()}/`];

  const start = (...words) => {
    const child = spawn(process.execPath, [COMMAND, ...words, ...root]);
    world.after(() => child.kill('SIGKILL'));
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text) => (errors += text));
    const exited = new Promise((resolve) => {
      child.on('close', (code) => resolve({ code, output, errors }));
    });
    return { child, exited };
  };
  const run = async (...words) => {
    const { code, output, errors } = await start(...words).exited;
    assert.equal(code, 0, errors);
    return output;
  };

  const server = start('serve', 'world', '--echo', '--tap', '--json', '--quiet');
  assert.equal(
    await run('send', 'world', 'greet', '{"n":1}', '--wait', 'greet', '--retry'),
    '{"n":1}\n',
  );
  assert.equal(await run('request', 'world', 'sum', '[1,2]'), '[1,2]\n');
  const [row] = (await run('list', '--json')).split('\n').map((line) => line && JSON.parse(line));
  assert.deepEqual([row.id, row.state, row.tap !== null], ['world', 'alive', true]);
  const tap = start('tap', 'world', '--type', 'seen', '--count', '1', '--json');
  const heard = new Promise((resolve) => tap.child.stdout.once('data', resolve));
  await heard;
  assert.equal(await run('send', 'world', 'seen', '5', '--wait', 'seen'), '5\n');
  const { output } = await tap.exited;
  assert.match(output, /"type":"seen"/);
  assert.match(await run('bench', 'world', '--size', '10', '--seconds', '0.01'), /^10 B/m);
  server.child.kill('SIGTERM');
  await server.exited; // Deno says of a child that it has told to end that the signal has ended it
  assert.equal(fs.existsSync(path.join(world.tmp(), 'app.world')), false);
});
