'use strict';
// What Node's sockets fail with, in the form in which the engine reports it (systemError in ../../errors.js takes it): a
// plain object with `message, errno, code, syscall, address, port`. Used by the files beside this one.

const { refused } = require('../../errors');

/** An error of Node's for the call `syscall`, directed at `where` (`{path}` or `{address, port}`), if at anything. */
function failureOf(error, syscall = error.syscall, where = null) {
  const { code = 'UNKNOWN', errno } = error;
  if (typeof errno !== 'number' || error.syscall === undefined) return notOfCall(error);
  if (where !== null) return { ...refused(syscall, code, where), errno };
  return { message: `${syscall} ${code}`, errno, code, syscall };
}

/**
 * What is not the failure of a call: mostly it is OpenSSL's, and loses the file and the line of its source. Since 3.5 that
 * has new names for some alerts; all get the names that older ones and the native engine have.
 */
function notOfCall({ code = 'EPROTO', message, reason = message }) {
  const [alert] = /SSL alert number \d+/.exec(message) ?? [];
  const text = reason.replace(/^ssl\/tls alert/, 'sslv3 alert');
  return {
    message: alert ? `${text} (${alert})` : text,
    code: code.replace('_SSL/TLS_ALERT_', '_SSLV3_ALERT_'),
  };
}

/** A failure that Node has not reported: by its code, with a reason. */
function failure(syscall, code, where, reason) {
  const fields = refused(syscall, code, where);
  if (!reason) return fields;
  const target = where.path ?? `${where.address}:${where.port}`;
  return { ...fields, message: `${syscall} ${code}: ${reason} ${target}` };
}

module.exports = { failure, failureOf };
