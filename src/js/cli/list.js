'use strict';
// `ferripc list`: the sockets of servers on this machine. Used by index.js; list-sockets.js finds them.

const { colorsFor, columns, json, note, print, printable } = require('./output');
const { Failure, UsageError } = require('./statuses');
const { placeOf, placeOptions } = require('./target');

const two = (number) => String(number).padStart(2, '0');

function when(iso) {
  if (iso === null) return '-';
  const at = new Date(iso);
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-');
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

const orDash = (value) => (value === null ? '-' : printable(value));

function table(found) {
  const paint = colorsFor(process.stdout);
  const states = { alive: paint.green, dead: paint.red };
  const rows = found.map((it) => [
    orDash(it.id),
    it.state,
    it.pid === null ? '-' : `${it.pid}${it.command === null ? '' : ` ${printable(it.command)}`}`,
    orDash(it.user),
    orDash(it.mode),
    when(it.since),
    `${printable(it.path)}${it.tap ? ' (tap)' : ''}`,
  ]);
  const head = ['ID', 'STATE', 'SERVER', 'USER', 'MODE', 'SINCE', 'PATH'];
  const lines = columns([head, ...rows], (text, column, row) => {
    if (row === 0) return paint.dim(text);
    return column === 1 ? (states[rows[row - 1][1]] ?? paint.yellow)(text) : text;
  });
  for (const line of lines) print(line);
}

module.exports = {
  name: 'list',
  synopsis: ['ferripc list [options]'],
  description: `Lists the sockets whose names look like ids: /tmp/app.* by default. It shows whether a server listens there,
which process it is, the socket's owner and mode, since when it has been there, and whether it has a tap.

On Linux, the kernel says who listens (/proc/net/unix), and no server notices. Where the kernel cannot tell, and on other
systems, list connects: a dead socket refuses the connection, and a live server sees a client that connects and leaves.
Standard error names those servers. You see the processes of your own servers; root sees all of them.

It changes and removes nothing, and does not follow links.`,
  options: {
    json: { help: 'Prints one JSON object per line, for each socket.' },
    quiet: { short: 'q', help: 'Prints only the ids of live servers.' },
    all: {
      short: 'a',
      help: 'Also lists what has such a name but is not a socket, and all abstract names (Linux) with a server.',
    },
    probe: { help: 'Connects to every socket: more certain, but the servers notice.' },
    ...placeOptions,
  },
  statuses: [],
  examples: [
    ['ferripc list', 'All servers:'],
    [`ferripc list --json | jq -r 'select(.state == "dead").path'`, 'The paths of dead sockets:'],
    ['ferripc list --root /run/user/1000/', 'The servers in another folder:'],
  ],

  async run({ options }) {
    const { all = false, probe = false, quiet } = options;
    if (options.json && quiet) throw new UsageError('--json and --quiet exclude each other');
    const { socketRoot, appspace } = placeOf(options);
    const prefix = socketRoot + appspace;
    const { findSockets } = require('./list-sockets');
    const asked = [];
    let found;
    try {
      found = await findSockets(prefix, {
        all,
        probe,
        appspace,
        onAsked: (path) => asked.push(path),
      });
    } catch ({ code, message, path }) {
      if (code === 'ENOENT') throw new Failure(`there is no folder ${path}`);
      if (code === 'EACCES') throw new Failure(`you may not read ${path}: permission denied`);
      throw new Failure(message);
    }
    if (asked.length > 0 && !probe) {
      note(
        `ferripc: had to connect to these servers, which they have noticed: ${asked.map(printable).join(' ')}`,
      );
    }
    if (options.json) for (const it of found) print(json(it));
    else if (quiet) {
      for (const it of found) if (it.state === 'alive' && it.id !== null) print(printable(it.id));
    } else if (found.length > 0) table(found);
    else note(`no sockets ${printable(prefix)}*`);
  },
};
