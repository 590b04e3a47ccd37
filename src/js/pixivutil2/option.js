'use strict';
// The option by which PixivUtil2 is told where its controller is. Mirrors src/protocols/pixivutil2/option.rs.

const { toText } = require('../arguments');
const { valueError } = require('../errors');

/** What an agent is called that was given no name. */
const IDENTIFIER = 'PixivUtil2';

/** See index.d.ts. */
function parseIpcOption(option) {
  const value = unquoted(toText(option, 'option').replace(/^--(?:ipc|pipe)=/, ''));
  const parts = value.split('|');
  const fail = (why) => {
    throw valueError(`The "option" argument is not valid: ${why}: ${option}`);
  };
  if (parts.length !== 2 && parts.length !== 3) {
    fail(`expected <comm>|<task> or <identifier>|<comm>|<task>, and not ${parts.length} part(s)`);
  }
  const [task, comm, identifier = IDENTIFIER] = parts.reverse();
  const named = { identifier, 'comm endpoint': comm, 'task endpoint': task };
  for (const [name, part] of Object.entries(named)) {
    if (part === '') fail(`the ${name} is empty`);
    if (name !== 'identifier' && !part.includes('://')) {
      fail(`the ${name} is not an endpoint such as tcp://localhost:4048`);
    }
  }
  return { identifier, comm, task };
}

const unquoted = (text) => /^(["'])(.*)\1$/s.exec(text)?.[2] ?? text;

module.exports = { IDENTIFIER, parseIpcOption };
