'use strict';
// Whether suites with many combinations play all of them: FERRIPC_TESTS=all, as each night. Otherwise each of
// the parts is there in some combination.

module.exports = process.env.FERRIPC_TESTS === 'all';
