'use strict';
// Whether suites with many combinations play all of them: FERRIPC_TESTS=all, as each night (nightly.yml). Otherwise each
// of the parts is there in some combination, see combinations.js. scripts/test.js asks, too.

module.exports = process.env.FERRIPC_TESTS === 'all';
