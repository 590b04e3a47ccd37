'use strict';
// Controllers and agents that have met, for the tests beside it.

const { Controller } = require('../../pixivutil2');
const { endpoints } = require('./peers');

/** Events of agents that are recorded. */
const EVENTS = ['total', 'download', 'title', 'error-report', 'ident'];

/** What was heard. It may come after the answer, so tests wait for as much as they expect. */
function recorder() {
  const heard = [];
  let changed = () => {};
  return {
    add(what) {
      heard.push(what);
      changed();
    },
    /** All of it, once there is so much. */
    async all(count) {
      while (heard.length < count) await new Promise((resolve) => (changed = resolve));
      return heard;
    },
    async is(expected) {
      expect(await this.all(expected.length)).toEqual(expected);
    },
  };
}

/** A controller that runs, and what it has heard. */
async function control(world, options, kind = 'tcp') {
  const controller = new Controller({ ...endpoints(world, kind), ...options });
  world.after(() => controller.stop());
  const heard = recorder();
  const note = (...what) => heard.add(what);
  controller.on('handshake', (agent, side) => note('handshake', agent.identifier, side));
  controller.on('disconnect', (agent, side) => note('disconnect', agent.identifier, side));
  for (const event of EVENTS) {
    controller.on(event, (agent, ...rest) => note(event, agent.identifier, ...rest));
  }
  controller.on('error', (error) => note(error.code, error.group, error.reason));
  await controller.start();
  return { controller, heard };
}

/** Both sockets of an agent, with its handshakes done. */
async function meet(peer, controller, name = 'memb1.p1') {
  const { comm, task } = controller.endpoints;
  await peer.connect(`${name} comm`, comm);
  await peer.connect(`${name} task`, task);
  const asker =
    (side) =>
    async (group, ...args) => {
      const answer = await peer.ask(`${name} ${side}`, [group, ...args]);
      expect([answer.length, String(answer[0])]).toEqual([2, group.toUpperCase()]);
      return answer[1];
    };
  const agent = { comm: asker('comm'), task: asker('task') };
  expect(String(await agent.comm('HS', name, 'Comm'))).toBe('Ok');
  expect(String(await agent.task('HS', name, 'Task'))).toBe('Ok');
  return agent;
}

module.exports = { control, meet };
