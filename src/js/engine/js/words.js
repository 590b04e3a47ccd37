'use strict';
// IP addresses and ports as numbers: port, family (4 or 6), the address (one word or four) and its zone. Mirrors
// src/binding/address.rs; ../datagrams.js says how they are used. Used by hub.js and udp.js.

const net = require('node:net');
const os = require('node:os');
const { failure } = require('./errors');

/** How many numbers an address takes. */
const WORDS = 7;

const [DOT, ZERO] = [0x2e, 0x30];

/** Each datagram's sender is one: without a string for each part. */
function v4(text) {
  let [word, part] = [0, 0];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === DOT) {
      word = word * 256 + part;
      part = 0;
    } else part = part * 10 + code - ZERO;
  }
  return word * 256 + part;
}

/** The eight groups of an IPv6 address. */
function groupsOf(text) {
  const dotted = text.replace(/(\d+\.\d+\.\d+\.\d+)$/, (it) => {
    const word = v4(it);
    return `${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}`;
  });
  const [head, tail] = dotted.split('::').map((half) => (half === '' ? [] : half.split(':')));
  const all =
    tail === undefined
      ? head
      : [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail];
  return all.map((group) => parseInt(group, 16));
}

/** The number of the zone `name`: itself, or the interface's. 0 if there is none. */
function zoneOf(name) {
  if (/^\d+$/.test(name)) return Number(name);
  return os.networkInterfaces()[name]?.find(({ scopeid }) => scopeid)?.scopeid ?? 0;
}

function nameOf(zone) {
  const found = Object.entries(os.networkInterfaces()).find(([, list]) =>
    list.some(({ scopeid }) => scopeid === zone),
  );
  return found?.[0] ?? `${zone}`;
}

/** The numbers of an address; null if it is not one. */
function toWords(text, port = 0) {
  const family = net.isIP(text);
  if (family === 0) return null;
  const words = new Uint32Array(WORDS);
  words[0] = port;
  words[1] = family;
  if (family === 4) {
    words[2] = v4(text);
    return words;
  }
  const [address, zone] = text.split('%');
  const groups = groupsOf(address);
  for (let i = 0; i < 4; i++) words[2 + i] = groups[2 * i] * 65536 + groups[2 * i + 1];
  if (zone !== undefined) words[6] = zoneOf(zone);
  return zone !== undefined && words[6] === 0 ? null : words;
}

/**
 * Why nothing can be directed at `address`, of which only the zone may be wrong; null if it can, or if there is none. Node
 * from 24 on, and for multicast all of them, take a zone that is not there for none.
 */
function addressFault(syscall, address, port) {
  const isWrong = address !== undefined && toWords(address) === null;
  return isWrong ? failure(syscall, 'EINVAL', { address, port }) : null;
}

/** The text of an IPv6 address (RFC 5952): the longest row of zeros is left out. */
function v6(words) {
  const groups = [...words.subarray(2, 6)].flatMap((word) => [word >>> 16, word & 0xffff]);
  if (groups.slice(0, 5).every((it) => it === 0) && groups[5] === 0xffff) {
    return `::ffff:${fourOf(words[5])}`;
  }
  let [best, from] = [1, -1];
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && groups[i + length] === 0) length++;
    if (length > best) [best, from] = [length, i];
  }
  const hex = groups.map((it) => it.toString(16));
  if (from < 0) return hex.join(':');
  return `${hex.slice(0, from).join(':')}::${hex.slice(from + best).join(':')}`;
}

const fourOf = (word) =>
  `${word >>> 24}.${(word >>> 16) & 0xff}.${(word >>> 8) & 0xff}.${word & 0xff}`;

/** The text of an address, without its port. */
function toText(words) {
  if (words[1] === 4) return fourOf(words[2]);
  return words[6] === 0 ? v6(words) : `${v6(words)}%${nameOf(words[6])}`;
}

module.exports = { WORDS, addressFault, toText, toWords };
