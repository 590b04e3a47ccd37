'use strict';
// Codecs that are made of others.

const { core } = require('../../core');
const { isMap } = core('util').types;
const { argumentError, valueError } = require('../../errors');
const { Codec, Misfit, assertCodec, deeper, deeperIn, writeAt } = require('./codec');
const { unit } = require('./texts');

const index = (i) => () => `[${i}]`;
const member = (name) => () =>
  /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;

function writeAll(writer, codecs, values) {
  for (let i = 0; i < codecs.length; i++) writeAt(codecs[i], writer, values[i], index(i));
}

/** `Vec<T>`: an array. */
function vec(item) {
  assertCodec(item, 'item');
  const write = (writer, value) => {
    if (!Array.isArray(value)) throw new Misfit('an array', value);
    writer.count(value.length);
    for (let i = 0; i < value.length; i++) writeAt(item, writer, value[i], index(i));
  };
  const read = (reader) => {
    const values = [];
    reader.times(reader.count(), () => values.push(item.read(reader)));
    return values;
  };
  return new Codec(`Vec<${item.name}>`, deeper(write), deeperIn(read));
}

/** `Option<T>`: null, or the value. Where null is one of the values, `{ Some: value }`. */
function option(item) {
  assertCodec(item, 'item');
  const write = (writer, value) => {
    const isNone = value === null || value === undefined;
    writer.int(isNone ? 0 : 1, 1);
    if (isNone) return;
    if (!item.nullable) item.write(writer, value);
    else if (isOnly(value, 'Some')) writeAt(item, writer, value.Some, member('Some'));
    else throw new Misfit('null or { Some: … }', value);
  };
  const read = (reader) => {
    const byte = reader.byte();
    if (byte > 1) reader.fail(`${byte} is not a tag of an Option`);
    if (byte === 0) return null;
    const value = readSome(reader);
    return item.nullable ? { Some: value } : value;
  };
  const readSome = deeperIn((reader) => item.read(reader));
  return new Codec(`Option<${item.name}>`, deeper(write), read, true);
}

/** Whether `value` is an object with one member, of this name. */
function isOnly(value, name) {
  return typeof value === 'object' && Object.hasOwn(value, name) && Object.keys(value).length === 1;
}

function tupleOf(items) {
  const write = (writer, value) => {
    if (!Array.isArray(value) || value.length !== items.length) {
      throw new Misfit(`an array of ${items.length} elements`, value);
    }
    writeAll(writer, items, value);
  };
  return { write, read: (reader) => items.map((item) => item.read(reader)) };
}

/** `(A, B, …)`, a struct without names: an array. */
function tuple(...items) {
  const list = items.length === 1 && Array.isArray(items[0]) ? items[0] : items;
  list.forEach((item, i) => assertCodec(item, `items[${i}]`));
  const { write, read } = tupleOf([...list]);
  const name = `(${list.map((item) => item.name).join(', ')})`;
  return new Codec(name, deeper(write), deeperIn(read));
}

/** `[T; length]`: an array. */
function array(item, length) {
  assertCodec(item, 'item');
  if (!Number.isInteger(length) || length < 0 || length > 2 ** 20) {
    throw argumentError('length', `a whole number from 0 to ${2 ** 20}`, length);
  }
  const { write, read } = tupleOf(Array(length).fill(item));
  return new Codec(`[${item.name}; ${length}]`, deeper(write), deeperIn(read));
}

/** The entries of an object of codecs, which JavaScript keeps in the order in which they are written. */
function entriesOf(fields, name) {
  if (fields === null || typeof fields !== 'object') {
    throw argumentError(name, 'an object', fields);
  }
  for (const key of Object.keys(fields)) {
    if (/^\d+$/.test(key) || key === '__proto__') {
      throw valueError(
        `The "${name}" argument has the name ${JSON.stringify(key)}, which Rust does not have`,
      );
    }
  }
  return Object.entries(fields);
}

function structOf(fields, name) {
  const entries = entriesOf(fields, name);
  const names = entries.map(([key]) => key);
  const items = entries.map(([key, item]) => assertCodec(item, `${name}.${key}`));
  const known = new Set(names);
  const write = (writer, value) => {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
      throw new Misfit(`an object with ${names.join(', ') || 'no members'}`, value);
    }
    const unknown = Object.keys(value).find((key) => !known.has(key));
    if (unknown !== undefined) {
      throw new Misfit(`without ${JSON.stringify(unknown)}, which the type does not have`, value);
    }
    names.forEach((key, i) => writeAt(items[i], writer, value[key], member(key)));
  };
  const read = (reader) => {
    const value = {};
    names.forEach((key, i) => (value[key] = items[i].read(reader)));
    return value;
  };
  return { write, read };
}

/** A struct: an object. Fields are in Rust's order. */
function struct(fields) {
  const { write, read } = structOf(fields, 'fields');
  return new Codec(`{ ${Object.keys(fields).join(', ')} }`, deeper(write), deeperIn(read));
}

/** What a variant holds: `{write, read}`; null: nothing. */
function variantOf(definition, name) {
  if (definition === null || definition === undefined || definition === unit) return null;
  if (definition instanceof Codec) return definition;
  if (!Array.isArray(definition)) return structOf(definition, name);
  definition.forEach((item, i) => assertCodec(item, `${name}[${i}]`));
  return tupleOf([...definition]);
}

/** The name of a variant, and what it holds. */
function partsOf(value) {
  if (typeof value === 'string') return [value, undefined];
  if (value === null || typeof value !== 'object') return [];
  const keys = Object.keys(value);
  return keys.length === 1 ? [keys[0], value[keys[0]]] : [];
}

/**
 * An enum. `variants` is an object, in Rust's order: null for a variant that holds nothing, a codec for one
 * value, an array for several, an object for named ones; or a list of names, where none holds anything. Its values
 * are 'Name', or `{ Name: what it holds }`.
 */
function enumeration(variants) {
  const listed = Array.isArray(variants) ? variants.map((name) => [name, null]) : null;
  for (const [name] of listed ?? []) {
    if (typeof name !== 'string') throw argumentError('variants', 'a list of names', name);
  }
  const entries = listed ?? entriesOf(variants, 'variants');
  const names = entries.map(([name]) => name);
  const contents = entries.map(([name, it]) => variantOf(it, `variants.${name}`));
  const numbers = new Map(names.map((name, i) => [name, i]));
  if (numbers.size < names.length)
    throw valueError('The "variants" argument has the same name twice');
  const expected = `one of ${names.map((name, i) => (contents[i] ? `{ ${name}: … }` : `'${name}'`)).join(', ')}`;
  const write = (writer, value) => {
    const [name, content] = partsOf(value);
    const number = numbers.get(name);
    if (number === undefined) throw new Misfit(expected, value);
    writer.int(number, 4);
    writeAt(contents[number] ?? unit, writer, content, member(name));
  };
  const read = (reader) => {
    const number = reader.unsigned(4);
    if (number >= names.length) {
      reader.fail(`${number} is not a variant of an enum of ${names.length}`);
    }
    const name = names[number];
    return contents[number] ? { [name]: contents[number].read(reader) } : name;
  };
  return new Codec(`enum { ${names.join(', ')} }`, deeper(write), deeperIn(read));
}

/** A map of any kind: a Map; where keys are strings, an object can be sent, too. */
function map(key, value) {
  assertCodec(key, 'key');
  assertCodec(value, 'value');
  const write = (writer, given) => {
    const isObject = given !== null && typeof given === 'object' && !Array.isArray(given);
    if (!isObject) throw new Misfit('a Map, or an object', given);
    const entries = isMap(given) ? [...given] : Object.entries(given);
    writer.count(entries.length);
    for (const [k, v] of entries) {
      writeAt(key, writer, k, () => '.keys()');
      writeAt(value, writer, v, member(String(k)));
    }
  };
  const read = (reader) => {
    const values = new Map();
    reader.times(reader.count(), () => {
      const k = key.read(reader);
      values.set(k, value.read(reader));
    });
    return values;
  };
  return new Codec(`Map<${key.name}, ${value.name}>`, deeper(write), deeperIn(read));
}

function assertNotNull(item) {
  if (!item.nullable) return item;
  throw valueError('The "get()" argument must be a codec that does not take null as a value');
}

/** Those of `lazy`. */
const lazies = new WeakSet();

/** It might be itself, without an end. */
function assertNotLazy(item) {
  if (!lazies.has(item)) return item;
  throw valueError('The "get()" argument must be a codec that is not lazy itself');
}

/** What `get` returns: for types that hold themselves. It does not count as a level, as a `Box` in Rust does not. */
function lazy(get) {
  if (typeof get !== 'function') throw argumentError('get', 'of type function', get);
  let item = null;
  const known = () => (item ??= assertNotNull(assertNotLazy(assertCodec(get(), 'get()'))));
  const made = new Codec(
    '…',
    (writer, value) => known().write(writer, value),
    (reader) => known().read(reader),
  );
  lazies.add(made);
  return made;
}

module.exports = { vec, option, tuple, array, struct, enum: enumeration, map, lazy };
