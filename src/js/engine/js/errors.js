'use strict';
// What Node's sockets fail with, in the form in which the engine reports it (systemError in ../../errors.js takes it): a
// plain object with `message, errno, code, syscall, address, port`. Used by the files beside this one.

const { refused } = require('../../errors');

/** An error of Node's for the call `syscall`, directed at `where` (`{path}` or `{address, port}`), if at anything. */
function failureOf(error, syscall = error.syscall, where = null) {
  const { code = 'UNKNOWN', message, errno } = error;
  // What fails within OpenSSL, or because of a certificate, is not the failure of a call.
  if (typeof errno !== 'number' || error.syscall === undefined) return { message, code };
  if (where !== null) return { ...refused(syscall, code, where), errno };
  return { message: `${syscall} ${code}`, errno, code, syscall };
}

/** A failure that Node has not reported: by its code, with a reason. */
function failure(syscall, code, where, reason) {
  const fields = refused(syscall, code, where);
  if (!reason) return fields;
  const target = where.path ?? `${where.address}:${where.port}`;
  return { ...fields, message: `${syscall} ${code}: ${reason} ${target}` };
}

module.exports = { failure, failureOf };
