'use strict';
// The report of `npm run faults` as Markdown: one row for what was done, with each transport and driver. Called by run.js.

const number = (value) => value.toLocaleString('en-US');
const cell = (text) => String(text).replaceAll('|', '\\|').replaceAll('\n', ' ');

/** Of a list of codes, so many characters: the JSON beside the report has all of them. */
const MOST = 190;

/** Codes, and how often where that is known. */
function told(codes) {
  const list = Array.isArray(codes)
    ? [...codes].sort()
    : Object.entries(codes ?? {}).map(([code, count]) => `${code} ${number(count)}`);
  if (list.length === 0) return 'nothing to tell';
  let shown = list.length;
  const text = () => list.slice(0, shown).join(', ');
  while (text().length > MOST) shown--;
  return shown === list.length ? text() : `${text()}, …`;
}

function wrong(list) {
  return list.length === 0
    ? 'nothing'
    : list.map((it) => cell(JSON.stringify(it)).slice(0, MOST)).join('; ');
}

function markdown({ date, environment: env, seconds, isComplete, results }) {
  const row = (it) =>
    `| ${[cell(it.what), it.transport, it.driver, number(it.times), cell(it.held ?? ''), cell(told(it.told)), wrong(it.wrong)].join(' | ')} |`;
  return [
    `# Faults, ${date.slice(0, 10)}`,
    '',
    `${number(seconds)} s; ${env.cpu}, ${env.cores} cores, ${env.os}, Node ${env.node}, ` +
      `commit ${env.commit.hash.slice(0, 12)}${env.commit.modified ? ' (modified)' : ''}.` +
      `${isComplete ? '' : ' Cut short: further rows were not reached.'}`,
    '',
    '| fault | transport | driver | times | what held | what was told | lost, or wrong |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...results.map(row),
    '',
    'Of system calls: `told` counts cases with an error event or a rejection; `not noticed` those in which all went on as if nothing had failed.',
    '',
  ].join('\n');
}

module.exports = { markdown };
