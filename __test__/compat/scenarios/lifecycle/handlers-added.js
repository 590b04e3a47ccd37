// A handler adds another one for the type of the event under way: a stream for each peer, made by the
// handler of its first bytes; the next once handler, added by the last.
// Old: 9.x calls it from the next event on, like Node's emitters; 10.x at once, so that the second
// program never ends. New: as 9.x.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'handlers added within an event',
  rules: ['K12'],
  transports: ['unix'],
  compare: false,
  roles: {
    async server(t) {
      const bus = t.serve();
      let streams = 0;
      bus.on('data', (bytes) => {
        t.log('first', bytes);
        if (streams++ === 0) bus.on('data', (more) => t.log('stream', more));
      });
      bus.publish('data', 'a');
      bus.publish('data', 'b');
      let left = 5;
      const next = () => bus.once('line', (line) => --left > 0 && next(t.log(line)));
      next();
      bus.publish('line', 1);
      bus.publish('line', 2);
    },
  },
  check({ lines, impls }) {
    const streamed = ['first "a"', 'first "b"', 'stream "b"', '1', '2'];
    const at10 = ['first "a"', 'stream "a"', 'first "b"', 'stream "b"', '1', '1', '1', '1'];
    assert.deepStrictEqual(lines.server, impls.server === '10' ? at10 : streamed);
  },
};
