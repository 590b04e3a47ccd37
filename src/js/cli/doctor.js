'use strict';
// `ferripc doctor`: see diagnostics/doctor.js, which does it. Used by index.js.

module.exports = {
  name: 'doctor',
  synopsis: ['ferripc doctor [--json]'],
  description: `Shows what ferripc finds on this machine, sends messages to itself by each transport, and says what is
wrong and what to do about it. It opens sockets on the loopback interface and in the temporary directory only.`,
  options: { json: { help: 'Prints the same as JSON.' } },
  statuses: [],
  examples: [['ferripc doctor', 'When something does not work:']],

  run: ({ options: { json = false } }) => require('../diagnostics/doctor').run({ json }),
};
