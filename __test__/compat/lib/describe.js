// Turns any value that a handler receives into one stable line of text for a transcript.
// Called by role.js for every logged value.
'use strict';

const crypto = require('node:crypto');
const net = require('node:net');
const dgram = require('node:dgram');

const LONG = 300;

function digest(data) {
  return crypto.createHash('sha256').update(data).digest('hex').slice(0, 16);
}

function describe(value) {
  switch (typeof value) {
    case 'string':
      // JSON.stringify escapes lone surrogates, so the text survives the trip to the parent.
      return value.length > LONG
        ? `string(${value.length}, ${digest(Buffer.from(value, 'utf16le'))})`
        : JSON.stringify(value);
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'function':
      return '[Function]';
    case 'object':
      return value === null ? 'null' : describeObject(value);
    default:
      return String(value);
  }
}

function describeObject(value) {
  if (Buffer.isBuffer(value)) {
    return value.length > LONG
      ? `Buffer(${value.length}, ${digest(value)})`
      : `Buffer(${value.toString('hex')})`;
  }
  if (value instanceof net.Socket || value instanceof dgram.Socket) return '[Socket]';
  if (value instanceof net.Server) return '[Server]';
  if (value instanceof Error) {
    // the order in which an error got its code, errno and so on means nothing
    const facts = describeProperties(value, Object.keys(value).sort());
    return `${value.name}: ${value.message}${facts}`;
  }
  if (Array.isArray(value)) return `[${value.map(describe).join(', ')}]`;
  if (value instanceof Date) return `Date(${value.toJSON()})`;
  return `{${describeProperties(value).trim()}}`;
}

function describeProperties(value, keys = Object.keys(value)) {
  const parts = keys.map((key) => `${JSON.stringify(key)}: ${describe(value[key])}`);
  return parts.length > 0 ? ` ${parts.join(', ')} ` : '';
}

/** What Node 25 and later add to the messages of some errors of TLS; its own advice, and not the error's text. */
const ADVICE = /; if the root CA is installed locally, try running Node\.js with --use-system-ca/g;

// What differs from run to run: the temporary folder, the ports, stacks and colours.
function normaliser({ dir, ports, pid }) {
  return (text) => {
    // eslint-disable-next-line no-control-regex
    let result = text.replace(/\u001b\[\d+m|\\u001b\[\d+m/g, '');
    result = result.split(dir).join('<dir>');
    ports.forEach((port, index) => {
      result = result.replace(new RegExp(`\\b${port}\\b`, 'g'), `<port${index}>`);
    });
    result = result.replace(new RegExp(`\\b${pid}\\b`, 'g'), '<pid>');
    result = result.replace(ADVICE, '');
    return result.replace(/(?:\\n|\n)\s+at [^\n\\]*/g, '');
  };
}

module.exports = { describe, digest, normaliser };
