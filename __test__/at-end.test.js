'use strict';
// Clean-up before the process ends. Its use is tested with AppView's queues and PixivUtil2's ffmpeg.

const { process } = require('../src/js/core');
const { AtEnd } = require('../src/js/engine/at-end');

test('however many clean up, they have one listener for each event', () => {
  const counts = () => ['exit', 'SIGINT', 'SIGTERM'].map((event) => process.listenerCount(event));
  const before = counts();
  const acted = [];
  const all = Array.from({ length: 12 }, (_, i) => new AtEnd(() => acted.push(i)));
  for (const it of all) it.watch();
  const between = counts();
  const [listener] = process.listeners('exit').slice(-1);
  all[3].unwatch();
  listener();
  for (const it of all) it.unwatch();
  expect(between).toEqual(before.map((count) => count + 1));
  expect(acted).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11]);
  expect(counts()).toEqual(before);
});
