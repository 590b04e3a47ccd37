'use strict';
// What is heard during one talk (talk.js, talk-systems.js): errors by their codes, and what is wrong.

/** An error's code is one of the system's, of Node's or of ferripc's own. */
const isCode = (code) =>
  /^E[A-Z0-9_]+$/.test(code ?? '') && !['ERR_FERRIPC_INTERNAL', 'EUNKNOWN'].includes(code);

class Talk {
  errors = [];
  wrong = [];
  connections = 0;

  hear = (error) => {
    this.errors.push(error?.code ?? String(error));
    if (!isCode(error?.code)) this.wrong.push(`an error without a code: ${error?.stack ?? error}`);
  };

  /** Calls something that may throw. */
  attempt(act) {
    try {
      return act();
    } catch (error) {
      this.hear(error);
      return undefined;
    }
  }

  fault(text) {
    this.wrong.push(text);
  }
}

module.exports = { Talk };
