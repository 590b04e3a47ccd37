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

/**
 * Prototype of a class of the addon's -> that of the instances here, with guarded methods. The addon's own is left as it is:
 * whatever loads the addon again shares it, such as the next test file of jest, and would keep all of the first one.
 */
const prototypes = new Map();

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

/** A prototype as `shared`, with guarded methods. With each start: so it makes no objects for nothing. */
function guardedPrototype(shared) {
  const prototype = Object.create(shared);
  for (const name of Object.getOwnPropertyNames(shared)) {
    const property = Object.getOwnPropertyDescriptor(shared, name);
    if (name === 'constructor' || typeof property.value !== 'function') continue;
    property.value = guardedMethod(property.value);
    Object.defineProperty(prototype, name, property);
  }
  return prototype;
}

/** `made`, an instance of a class of the addon's, with its methods guarded. */
function guard(made) {
  const shared = Object.getPrototypeOf(made);
  if (!prototypes.has(shared)) prototypes.set(shared, guardedPrototype(shared));
  return Object.setPrototypeOf(made, prototypes.get(shared));
}

module.exports = { CODE, guard, guarded };
