'use strict';
// The conformance checks that `npm run test:runtimes` plays on every runtime, on this one, so that they
// stay true between such runs. Each night only: what they check, the other suites do, too.

const { play } = require('./conformance/report');
const everything = require('./helpers/everything');
const { isScript } = require('./helpers/platform');

const nightly = everything ? test : test.skip;

nightly(
  'the conformance checks pass on this runtime',
  async () => {
    const { driver, results } = await play([process.execPath]);
    expect(isScript ? ['js'] : ['loop', 'tokio']).toContain(driver);
    for (const { name, status, reason } of results) {
      if (status === 'unsupported') console.info(`Not here: ${name}: ${reason}`);
    }
    expect(results.filter(({ status }) => status === 'failed')).toEqual([]);
    expect(results.filter(({ status }) => status === 'passed').length).toBeGreaterThan(100);
  },
  300_000,
);
