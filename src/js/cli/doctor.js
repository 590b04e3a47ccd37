'use strict';
// `ferripc doctor`: see diagnostics/doctor.js, which does it. Used by index.js.

const doctor = require('../diagnostics/doctor'); // now: see `main` of index.js

module.exports = {
  name: 'doctor',
  synopsis: ['ferripc doctor [--json]'],
  description: `Looks at the machine, sends messages to itself over each transport, and says what is wrong and what to do
about it. It opens sockets only on the loopback interface and in the temporary directory.`,
  options: { json: { help: 'Prints the same as JSON.' } },
  statuses: [],
  examples: [['ferripc doctor', 'When something does not work:']],

  run: ({ options: { json = false } }) => doctor.run({ json }),
};
