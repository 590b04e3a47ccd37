// Defines the jest tests of one folder of scenarios: one describe per scenario, one test per
// pairing and transport. Called by the *.test.js files of the compat folder.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const everything = require('../../helpers/everything');
const { run } = require('./run.js');

const OLD = ['9-9', '10-10'];
const MIXED = ['9-new', 'new-9', '10-new', 'new-10'];

const wanted =
  process.env.FERRIPC_COMPAT_PAIRINGS && process.env.FERRIPC_COMPAT_PAIRINGS.split(',');

/** Play every pairing on every transport. */
const all = Boolean(wanted) || everything;

function pairingsOf(scenario) {
  if (scenario.pairings) return scenario.pairings;
  const roles = Object.keys(scenario.roles);
  const sided = (prefix) => roles.some((role) => role.startsWith(prefix));
  const mixed = sided('server') && sided('client') ? MIXED : [];
  return [...OLD, ...mixed, 'new-new'];
}

// The oracle is played again in each jest run, once per scenario, pairing and transport.
const cache = new Map();

function play(scenario, pairing, transport) {
  if (!OLD.includes(pairing)) return run(scenario, pairing, transport);
  const key = `${scenario.file} ${pairing} ${transport}`;
  if (!cache.has(key)) cache.set(key, run(scenario, pairing, transport));
  return cache.get(key);
}

// What a role has to look like: as among the old ones of its pairing, and of 10.x where both sides are new. The two old
// ones themselves have to look alike, where both are played.
function oracleFor(scenario, pairing) {
  if (OLD.includes(pairing)) return all ? OLD[0] : pairing;
  const [first, second] = pairing.includes('9') ? OLD : [...OLD].reverse();
  return pairingsOf(scenario).includes(first) ? first : second;
}

async function verify(scenario, pairing, transport) {
  const result = await play(scenario, pairing, transport);
  const name = oracleFor(scenario, pairing);
  if (scenario.compare !== false && name !== pairing && pairingsOf(scenario).includes(name)) {
    const oracle = await play(scenario, name, transport);
    for (const [role, lines] of Object.entries(result.lines)) {
      expect({ role, oracle: name, lines }).toEqual({
        role,
        oracle: name,
        lines: oracle.lines[role],
      });
    }
  }
  expect(Object.values(result.lines).flat()).not.toEqual([]);
  if (scenario.check) scenario.check(result);
}

/**
 * Whether `npm test` plays it: each scenario on one transport, with one of the old packages, between two of those and with
 * ferripc on either side. The next scenario has the other package, and the next but one another transport, so that a
 * folder has every pairing on every transport. ferripc is on both sides in every third, and where there are no mixed
 * pairings.
 */
function isPlayed(pairing, number, t, { length }, pairings) {
  if (t !== (number >> 1) % length) return false;
  const old = pairings.filter((it) => OLD.includes(it));
  const [major] = old[number % old.length].split('-');
  const isMixed = pairings.some((it) => MIXED.includes(it) && it.includes(major));
  if (pairing === 'new-new') return number % 3 === 0 || !isMixed;
  return pairing.split('-').includes(major);
}

/** The pairings and transports of a scenario. */
function* gamesOf(scenario, number) {
  const transports = scenario.transports || ['unix', 'tcp'];
  for (const [t, transport] of transports.entries()) {
    const pairings = pairingsOf(scenario);
    for (const pairing of pairings) {
      if (!all && !isPlayed(pairing, number, t, transports, pairings)) continue;
      if (!wanted || wanted.includes(pairing)) yield { pairing, transport };
    }
  }
}

/** `number`: the scenario's place in its folder. */
function defineScenario(file, number = 0) {
  const scenario = { ...require(file), file };
  describe(`${scenario.name} (${scenario.rules.join(', ')})`, () => {
    for (const { pairing, transport } of gamesOf(scenario, number)) {
      test(`${pairing} ${transport}`, () => verify(scenario, pairing, transport), 180_000);
    }
  });
}

function defineFolder(folder) {
  const root = path.join(__dirname, '../scenarios', folder);
  const names = fs.readdirSync(root).filter((name) => name.endsWith('.js'));
  for (const [number, name] of names.sort().entries()) {
    defineScenario(path.join(root, name), number);
  }
}

module.exports = { defineFolder, defineScenario };
