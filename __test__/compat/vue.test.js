// Proof with a real program: two packages of Vue CLI, unchanged, with npm `overrides` that put
// ferripc in the place of @achrinza/node-ipc. Run by jest; installs vue/ on the first run, from its
// lock file, without scripts. FERRIPC_COMPAT_PAIRINGS=9-9 limits the pairings.
'use strict';

const path = require('node:path');
const { install } = require('../helpers/registry');
const { defineScenario } = require('./lib/suite.js');

const FOLDER = path.join(__dirname, 'vue');

beforeAll(() => install(FOLDER, '--omit=dev'), 180_000);

defineScenario(path.join(FOLDER, 'scenario.js'));
