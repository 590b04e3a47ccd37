'use strict';
// Agents that send as much as they can: the others are served on, and the controller holds no more for it.

const net = require('node:net');
const { once } = require('node:events');
const { Controller } = require('../../pixivutil2');
const { createWorld } = require('../helpers/world');
const { NodePeer, PLACES, endpoints, handshake, int32 } = require('./peers');

jest.setTimeout(180_000);

const world = createWorld();
const fixture = (...args) => world.child(require.resolve('./fixture'), args);

async function control(options) {
  const controller = new Controller({ ...endpoints(world, 'tcp'), ...options });
  world.after(() => controller.stop());
  return controller.start();
}

/** An agent on one of the two sockets: what it says is answered with this. */
async function agent(endpoint) {
  const peer = new NodePeer(world);
  await peer.connect('it', endpoint);
  const say = async (...frames) => String((await peer.ask('it', frames))[1]);
  return { say, ask: (...frames) => peer.ask('it', frames), close: () => peer.close('it') };
}

test('agents that fill what waits for a blocked thread leave room for the others', async () => {
  const child = fixture('blocked', { maxQueuedBytes: 1_000_000 });
  const { comm } = await child.next();
  const quiet = await agent(comm);
  expect(await quiet.say('HS', 'quiet', 'Comm')).toBe('Ok');
  const title = ['TITLE', 'x'.repeat(10_000)];
  const fill = async () => {
    const hog = await agent(comm);
    let taken = 0;
    while ((await hog.say(...title)) === 'Ok') taken++;
    return taken;
  };
  // The first has about a half of it. So another one has its own, and some more.
  let titles = await fill();
  expect(titles).toBeGreaterThan(40);
  expect(titles).toBeLessThan(60);
  const second = await agent(comm);
  for (let i = 0; i < 5; i++) expect(await second.say(...title)).toBe('Ok');
  titles += 5;
  // However many come, something is kept for who was there before.
  for (let i = 0; i < 60; i++) titles += await fill();
  expect(titles * 10_000).toBeLessThan(1_000_000);
  for (let i = 0; i < 10; i++, titles++) expect(await quiet.say('TITLE', 'short')).toBe('Ok');
  await quiet.close();
  child.tell(String(titles)); // all that was taken
  expect(await child.next()).toMatchObject({ titles });
});

test('an agent that asks for job after job leaves some for the others', async () => {
  const controller = await control({ maxTasks: 100, maxParallelTasks: 2 });
  const order = [];
  let end;
  const ended = new Promise((resolve) => (end = resolve));
  controller.onFfmpeg((args) => {
    order.push(args[0]);
    return order.length <= 2 ? ended : 0;
  });
  const hog = await agent(controller.endpoints.task);
  let taken = 0;
  while (!(await hog.ask('FFMPEG_REQ', 'hog'))[1].equals(int32(-1))) taken++;
  expect(taken).toBe(51);
  const other = await agent(controller.endpoints.task);
  const [, id] = await other.ask('FFMPEG_REQ', 'other');
  expect(id).not.toEqual(int32(-1));
  const heard = new Promise((resolve) => controller.once('handshake', resolve));
  await other.ask('HS', 'other', 'Task');
  await heard; // and of its job before
  end(0);
  // Agents take turns, so its job is among the first, not the last of all.
  expect(await other.ask('FFMPEG_RET', id)).toEqual([Buffer.from('FFMPEG_RET'), int32(0)]);
  expect(order.indexOf('other')).toBeLessThan(5);
});

const portOf = (endpoint) => Number(/:(\d+)$/.exec(endpoint)[1]);

test('an agent that goes on asking and reads no answers is not read from', async () => {
  // The system holds less for a Unix socket than for TCP.
  const kind = PLACES.includes('ipc') ? 'ipc' : 'tcp';
  const { task } = (await control(endpoints(world, kind))).endpoints;
  const socket = net.connect(
    kind === 'ipc' ? { path: task.slice('ipc://'.length) } : { port: portOf(task) },
  );
  world.after(() => socket.destroy());
  await once(socket, 'connect');
  socket.write(handshake());
  const bytes = socket[Symbol.asyncIterator](); // nothing is read that nobody asks it for
  while (!String((await bytes.next()).value).includes('ROUTER'));
  const group = Buffer.from('FFMPEG_RET').toString('hex');
  const request = Buffer.from(`0100010a${group}0000`, 'hex');
  const many = Buffer.concat(Array(10_000).fill(request));
  let count = 0;
  for (let goesOn = true; goesOn; count += 10_000) {
    expect(count).toBeLessThan(2_000_000);
    // Until the system takes no more, as the controller reads no more.
    const pause = new Promise((resolve) => setTimeout(resolve, 500, false));
    goesOn = socket.write(many) || (await Promise.race([once(socket, 'drain'), pause])) !== false;
  }
  const answer = Buffer.from(`0100010a${group}0004ffffffff`, 'hex');
  const all = count * answer.length;
  let came = 0;
  while (came < all) came += (await bytes.next()).value.length;
  expect(came).toBe(all);
});

test('handlers that take their time leave the event loop its turn, and each agent, too', async () => {
  const child = fixture('slow');
  const { comm } = await child.next();
  const [hog, quiet] = [await agent(comm), await agent(comm)];
  for (let i = 0; i < 63; i++) expect(await hog.say('TITLE', 'hog')).toBe('Ok');
  expect(await quiet.say('TITLE', 'quiet')).toBe('Ok');
  child.tell('go on');
  const { atTurn } = await child.next();
  expect(atTurn).toBeLessThan(5); // all 64, if they were taken in one turn
  await quiet.close();
  await hog.close();
  const { titles } = await child.next();
  expect(titles).toHaveLength(64);
  expect(titles.indexOf('quiet')).toBeLessThan(20); // 16 are ahead of it
});
