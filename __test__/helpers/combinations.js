'use strict';
// Combinations for suites that hold for many things at once (transports, drivers, sides, ways to end): all of them each
// night, see everything.js; otherwise so few that each value of each thing meets each value of each other thing.
//
//   test.each(pairs({ kind: TRANSPORTS, side: ['client', 'server'], act: ACTS }))('over $kind, $side: $act', …)

const everything = require('./everything');

/** Every combination of the values in `things` (name -> list), as objects. */
function all(things) {
  return Object.entries(things).reduce(
    (rows, [name, values]) =>
      rows.flatMap((row) => values.map((value) => ({ ...row, [name]: value }))),
    [{}],
  );
}

/** The pairs of values in a row, as texts. */
function pairsIn(row, indexes) {
  const at = Object.entries(row).map(([name, value]) => `${name} ${indexes[name].indexOf(value)}`);
  return at.flatMap((one, i) => at.slice(i + 1).map((other) => `${one}, ${other}`));
}

/** All combinations each night; otherwise some, among which each pair of values of two things is. */
function pairs(things) {
  const rows = all(things);
  if (everything) return rows;
  const open = new Set(rows.flatMap((row) => pairsIn(row, things)));
  const chosen = new Set();
  while (open.size > 0) {
    // The one that has most of what is not there yet.
    const gains = rows.map((row) => pairsIn(row, things).filter((it) => open.has(it)).length);
    const best = rows[gains.indexOf(Math.max(...gains))];
    for (const it of pairsIn(best, things)) open.delete(it);
    chosen.add(best);
  }
  return rows.filter((row) => chosen.has(row));
}

/**
 * All combinations each night; otherwise so few that each value of each thing is there, in combinations that differ
 * as far as they can.
 */
function each(things) {
  if (everything) return all(things);
  const lists = Object.entries(things);
  const most = Math.max(...lists.map(([, values]) => values.length));
  return Array.from({ length: most }, (_, i) =>
    Object.fromEntries(lists.map(([name, values]) => [name, values[i % values.length]])),
  );
}

/** With the second driver the other ones are played. */
const SHIFT = process.env.FERRIPC_DRIVER === 'tokio' ? 1 : 0;

/**
 * For tests of which each is played with one of `count` things: whether the test `number` is played with the thing
 * `index`. Each night every test is played with each thing.
 */
const isTurn = (index, number, count = 2) => everything || (index + number + SHIFT) % count === 0;

/** In the place of jest's `test`, for what is not played. */
const unplayed = Object.assign(() => {}, { each: () => () => {} });

/** jest's `test`, if it is the turn. */
const testInTurn = (index, number) => (isTurn(index, number) ? test : unplayed);

module.exports = { each, isTurn, pairs, testInTurn };
