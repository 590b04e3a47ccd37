'use strict';
// What is tried with ipcIO itself at one end or at both. Used by ipcio.js.

const { isDeepStrictEqual } = require('node:util');
const path = require('node:path');
const { setTimeout: wait } = require('node:timers/promises');
const { Party, lead, tidy } = require('./ipcio-parties');

const OURS = path.join(__dirname, '..', '..', 'ipcio.js');

/** Messages of a burst, letters of each, and of which the rounds of a run are so many. */
const BURSTS = [
  { count: 230, length: 200, share: 1 },
  { count: 2000, length: 200, share: 1 },
  { count: 500, length: 40_000, share: 1 / 3 },
];

const series = (count) => Array.from({ length: count }, (_, i) => [i, 1]);

let domains = 0;

/**
 * Plays all cases. `original`: `{version, file}`; `role`: which ends it has, 'both', 'server' or 'client'; `driver`: that
 * of ferripc at the other end. `note(case, held, text)` is called for each.
 */
class Play {
  #parties = [];
  #domain;

  constructor({ original, role, driver, rounds, note }) {
    const [major, minor] = original.version.split('.').map(Number);
    Object.assign(this, { role, driver, rounds, note });
    this.version = major * 100 + minor;
    this.server = role === 'client' ? OURS : original.file;
    this.client = role === 'server' ? OURS : original.file;
    /** 0.4 calls it so. */
    this.send = this.client !== OURS && this.version < 5 ? 'emit' : 'send';
    /** What goes by the domain's socket, or has an answer: since when ipcIO has it. */
    this.hasDomain = this.version >= 5;
    this.delivers = this.version >= 6;
  }

  async all() {
    await this.#within(() => this.#messages());
    await this.#within(() => this.#killed());
    await this.#within(() => this.#clientFirst());
    for (const split of ['client', 'server']) await this.#within(() => this.#split(split));
    await this.#within(() => this.#bursts());
  }

  /** Each scene has a domain of its own. */
  async #within(scene) {
    this.#domain = `originals-${process.pid}-${domains++}`;
    try {
      await scene();
    } finally {
      await Promise.all(this.#parties.splice(0).map((it) => it.kill()));
      tidy(this.#domain);
    }
  }

  async #serve() {
    const party = await Party.start(this.server, 'server', this.#domain, '', this.driver);
    this.#parties.push(party);
    return party;
  }

  async #make(name, domain = this.#domain) {
    const party = await Party.start(this.client, 'client', domain, name, this.driver);
    this.#parties.push(party);
    return party;
  }

  async #connect(name) {
    const party = await this.#make(name);
    void party.call('connect');
    await party.isConnected();
    return party;
  }

  #check(name, actual, wanted) {
    this.note(name, isDeepStrictEqual(actual, wanted), JSON.stringify(actual));
  }

  async #both(name, server, client, values, wanted = values) {
    for (const value of values) await client.call(this.send, 'note', value);
    this.#check(`${name}, to the server`, await server.got(wanted.length), wanted);
    for (const value of values) await server.call('emit', 'a', 'note', value);
    this.#check(`${name}, to a client`, await client.got(wanted.length), wanted);
  }

  async #messages() {
    const server = await this.#serve();
    const [a, b, c] = [
      await this.#connect('a'),
      await this.#connect('b'),
      await this.#connect('c'),
    ];
    const connected = await Promise.all([a, b, c].map((it) => it.call('connected')));
    this.#check('three clients connect', connected, [true, true, true]);
    await this.#both('texts', server, a, ['text', 'é😀 \u2028 "\\', '5']);
    const values = [{ a: [1, { b: null }] }, [1, 'x'], 7.5, true];
    if (this.hasDomain) await this.#both('other values', server, a, values);
    await this.#both('0, empty text, false', server, a, [0, '', false]);
    await a.call(this.send, 'reply', 'q');
    this.#check('`writeCommand` of a handler', await a.got(1), ['reply q']);
    await server.call('emit', 'nobody', 'note', 'x');
    await server.call('emit', 'a', 'note', 'still');
    this.#check('`emit` to nobody, and then to a client', await a.got(1), ['still']);
    await server.call('broadcast', 'note', 'all');
    const all = [await a.got(1), await b.got(1), await c.got(1)];
    this.#check('`broadcast` of the server', all, [['all'], ['all'], ['all']]);
    if (this.hasDomain) await this.#throughServer(a, b, c);
    if (this.delivers) await this.#deliveries(a);
    await this.#both('`}{` in a text', server, a, ['a}{b']);
    for (const letters of [65_000, 3_000_000]) {
      const name = `${letters.toLocaleString('en-US')} characters`;
      await this.#both(name, server, a, [{ letters }], [`${letters} characters`]);
    }
    await this.#both('the next message after those', server, a, ['after']);
    await c.call('second', 'a');
    await server.call('emit', 'a', 'note', 'mine');
    this.#check('the first client keeps its name', await a.got(1), ['mine']);
    if (this.hasDomain) {
      await c.kill();
      await wait(100);
      const { clients } = await a.call('discover');
      this.#check('`discover` after the kill of a client', clients?.includes('c'), false);
    }
    const ended = [server, a, b].map((it) => it.hasEnded);
    this.#check('no process has ended', ended, [false, false, false]);
  }

  async #throughServer(a, b, c) {
    await a.call('broadcast', 'note', 'others');
    const others = [await b.got(1), await c.got(1)];
    this.#check('`broadcast` of a client, at the others', others, [['others'], ['others']]);
    this.#check('`broadcast` of a client, not at itself', await a.got(1, 300), []);
    await a.call('emit', 'b', 'note', 'to b');
    this.#check('`emit` of a client to another', await b.got(1), ['to b']);
    const asked = [await a.call('discover'), await b.call('discover')];
    const commands = ['ask', 'later', 'note', 'part', 'reply'];
    const told = asked.map((it) => [it?.clients?.length, it?.command_handlers?.sort()]);
    this.#check('`discover`, twice', told, [
      [3, commands],
      [3, commands],
    ]);
  }

  async #deliveries(a) {
    const asked = await a.call('deliver', 'ask', 'q');
    this.#check('`deliver` to the server', asked, { got: 'q', of: 'server' });
    this.#check('… of a promise', await a.call('deliver', 'later', 'q'), 'later q');
    this.#check('… without a handler', await a.call('deliver', 'nothing', 'q'), null);
    const other = await a.call('deliver', 'b', 'ask', { q: 2 });
    this.#check('`deliver` to a client', other, { got: { q: 2 }, of: 'client' });
    const many = [1, 2, 3, 4, 5];
    const answers = await Promise.all(many.map((it) => a.call('deliver', 'b', 'later', it)));
    const wanted = many.map((it) => `later ${it}`);
    this.#check('… five at once', answers, wanted);
  }

  async #killed() {
    let server = await this.#serve();
    const [a, b] = [await this.#connect('a'), await this.#connect('b')];
    await a.call(this.send, 'note', 'before');
    await server.got(1);
    const restart = async () => {
      server = await this.#serve();
      await Promise.all([a.isConnected(), b.isConnected()]);
    };
    await server.kill();
    await wait(200);
    await a.call('many', this.send, 100, 1, 'part');
    if (this.hasDomain) await a.call('many', 'emit', 20, 1, 'b', 'part');
    await restart();
    const name = 'after SIGKILL of the server and a restart';
    const queued = (got) => got.map(([number]) => number).join();
    const numbers = (count) => queued(series(count));
    this.#check(`${name}: 100 messages, in order`, queued(await server.got(100)), numbers(100));
    if (this.hasDomain) {
      this.#check(`${name}: 20 to another client`, queued(await b.got(20)), numbers(20));
    }
    await server.call('emit', 'a', 'note', 'back');
    this.#check(`${name}: to the client`, await a.got(1), ['back']);
    await server.kill();
    await wait(50);
    await restart();
    await a.call(this.send, 'note', 'third');
    this.#check(`${name}: once more`, await server.got(1), ['third']);
  }

  async #clientFirst() {
    const a = await this.#make('a');
    void a.call('connect');
    await a.call('many', this.send, 10, 1, 'part');
    await wait(300);
    const server = await this.#serve();
    await a.isConnected();
    const numbers = (await server.got(10)).map(([number]) => number);
    this.#check(
      'a client that starts before its server: 10 messages, in order',
      numbers,
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    );
  }

  async #split(split) {
    const server = await this.#serve();
    const domain = `${this.#domain}-split`;
    const close = await lead(domain, this.#domain, split);
    const a = await this.#make('a', domain);
    void a.call('connect');
    await a.isConnected();
    const values = ['é😀{"\\', 'two'];
    for (const value of values) {
      if (split === 'server') await a.call(this.send, 'note', value);
      else await server.call('emit', 'a', 'note', value);
    }
    const got = await (split === 'server' ? server : a).got(2, 3000);
    this.#check(`bytes one by one to the ${split}`, got, values);
    close();
  }

  async #bursts() {
    const server = await this.#serve();
    const a = await this.#connect('a');
    for (const { count, length, share } of BURSTS) {
      const rounds = Math.ceil(this.rounds * share);
      const what = `bursts of ${count} messages of ${length} characters`;
      for (const to of ['server', 'client']) {
        let [arrived, whole] = [0, 0];
        for (let i = 0; i < rounds; i++) {
          if (to === 'server') await a.call('many', this.send, count, length, 'part');
          else await server.call('many', 'emit', count, length, 'a', 'part');
          const got = await (to === 'server' ? server : a).got(count);
          arrived += got.length;
          if (got.length === count && got.every(([n, l], at) => n === at && l === length)) whole++;
        }
        const text = `${whole} of ${rounds} whole, ${((100 * arrived) / count / rounds).toFixed(1)} %`;
        this.note(
          `${what}, to ${to === 'server' ? 'the server' : 'a client'}`,
          whole === rounds,
          text,
        );
      }
    }
  }
}

module.exports = { play: (options) => new Play(options).all() };
