'use strict';
// The record of the differential fuzz: a run of run.js with `--keep` adds a piece of its own, so that many pieces, one after
// the other or side by side, make up a day's number. Written to bench/results/<date>-frames-<machine>-node<major>.{json,md}.

const fs = require('node:fs');
const os = require('node:os');
const { environment } = require('../../../bench/lib/machine.js');
const { fileOf, save, table } = require('../../../bench/lib/record.js');

const number = (value) => value.toLocaleString('en-US');
const sum = (list, of) => list.reduce((total, it) => total + of(it), 0);

/** What one run has played, none of which differed from the reference. */
class Piece {
  cases = 0;
  frames = 0;
  #first;
  #began = new Date();
  #environment = environment();
  #transports = {};

  /** `first`: the seed of its first case. */
  constructor(first) {
    this.#first = first;
  }

  /** A case with so many messages, of both directions. */
  add({ transport }, frames) {
    this.cases++;
    this.frames += frames;
    this.#transports[transport] = (this.#transports[transport] ?? 0) + frames;
  }

  facts() {
    return {
      driver: process.env.FERRIPC_DRIVER || 'loop',
      first: this.#first,
      cases: this.cases,
      frames: this.frames,
      transports: this.#transports,
      seconds: Math.round((Date.now() - this.#began) / 1000),
      load: Math.round(os.loadavg()[2]),
      commit: this.#environment.commit,
    };
  }

  save() {
    const date = this.#began.toISOString().slice(0, 10);
    const file = `${fileOf('frames', date, true)}.json`;
    const { pieces = [] } = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : {};
    const record = {
      date,
      environment: this.#environment,
      pieces: [...pieces, this.facts()],
    };
    save('frames', record, markdown(record), true);
  }
}

function markdown({ date, environment: env, pieces }) {
  const kinds = ['unix', 'tcp', 'tls', 'udp'];
  const row = (name, some) => [
    name,
    number(sum(some, (it) => it.cases)),
    ...kinds.map((kind) => number(sum(some, (it) => it.transports[kind] ?? 0))),
    number(sum(some, (it) => it.frames)),
  ];
  const drivers = [...new Set(pieces.map(({ driver }) => driver))].sort();
  const commits = [...new Set(pieces.map((it) => it.commit.hash.slice(0, 12)))].join(', ');
  const seeds = pieces.map((it) => [
    it.driver,
    `${it.first} to ${it.first + it.cases - 1}`,
    number(it.frames),
    number(it.seconds),
    it.load,
    `${it.commit.hash.slice(0, 12)}${it.commit.modified ? ' (modified)' : ''}`,
  ]);
  return [
    `# Random messages beside a reference, ${date}`,
    '',
    `${env.cpu}, ${env.cores} cores, ${env.os}, Node ${env.node}; commit ${commits}. ` +
      '`node __test__/fuzz/wire/run.js --keep`, several times. Messages of both directions are counted. None differed from what the reference says, was missing, or was one too many.',
    '',
    table(
      ['driver', 'cases', ...kinds, 'messages'],
      [
        ...drivers.map((it) =>
          row(
            it,
            pieces.filter(({ driver }) => driver === it),
          ),
        ),
        row('all', pieces),
      ],
    ),
    '',
    'The runs, and the load of the machine over the last quarter of an hour of each:',
    '',
    table(['driver', 'seeds', 'messages', 'seconds', 'load', 'commit'], seeds),
    '',
  ].join('\n');
}

module.exports = { Piece };
