'use strict';
// The errors that calls of the addon throw. A panic, or an argument that the binding cannot convert, is a fault of
// ferripc's: it is
// thrown with a code of ferripc's own, and not with one of the binding's, which mean nothing to users. Used by native.js.

const { codedError } = require('../errors');

const CODE = 'ERR_FERRIPC_INTERNAL';
const MESSAGE = 'the native part of ferripc has failed: please report this';

/** The codes that Node-API and napi-rs give to their own errors. */
const STATUSES = new Set([
  'InvalidArg',
  'ObjectExpected',
  'StringExpected',
  'NameExpected',
  'FunctionExpected',
  'NumberExpected',
  'BooleanExpected',
  'ArrayExpected',
  'GenericFailure',
  'PendingException',
  'Cancelled',
  'EscapeCalledTwice',
  'HandleScopeMismatch',
  'CallbackScopeMismatch',
  'QueueFull',
  'Closing',
  'BigintExpected',
  'DateExpected',
  'ArrayBufferExpected',
  'DetachableArraybufferExpected',
  'WouldDeadlock',
  'NoExternalBuffersAllowed',
  'Unknown',
]);

/** What the system refuses is thrown with its code as the message: see native.js. */
const SYSTEM_CODE = /^[A-Z][A-Z0-9_]+$/;

/** Set on the exports whose classes are guarded: several instances of this module may see the same ones. */
const GUARDED = Symbol.for('ferripc.guarded');

/** What is to be thrown instead of `thrown`. */
function own(thrown) {
  if (!STATUSES.has(thrown?.code) || SYSTEM_CODE.test(thrown.message)) return thrown;
  const error = codedError(CODE, MESSAGE);
  Object.defineProperty(error, 'cause', { value: thrown, configurable: true, writable: true });
  return error;
}

/** Runs `act`. */
function guarded(act) {
  try {
    return act();
  } catch (thrown) {
    throw own(thrown);
  }
}

function guardedMethod(method) {
  return function (...args) {
    try {
      return Reflect.apply(method, this, args);
    } catch (thrown) {
      throw own(thrown);
    }
  };
}

/** The addon's exports, with the methods of their classes guarded. With each start: so it makes no objects for nothing. */
function guard(exported) {
  if (exported[GUARDED]) return exported;
  for (const { prototype } of Object.values(exported)) {
    for (const name of Object.getOwnPropertyNames(prototype ?? {})) {
      const property = Object.getOwnPropertyDescriptor(prototype, name);
      const { value, configurable } = property;
      if (name === 'constructor' || typeof value !== 'function' || !configurable) continue;
      property.value = guardedMethod(value);
      Object.defineProperty(prototype, name, property);
    }
  }
  Object.defineProperty(exported, GUARDED, { value: true });
  return exported;
}

module.exports = { CODE, guard, guarded };
