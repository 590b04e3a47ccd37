'use strict';
// Codecs of numbers: whole ones are checked for their range; from 64 bits on they are BigInts.

const { Codec, Misfit } = require('./codec');

/** u8, u16, u32; or i8, i16, i32. */
function int(name, size, isSigned) {
  const most = 2 ** (8 * size - (isSigned ? 1 : 0)) - 1;
  const least = isSigned ? -most - 1 : 0;
  const expected = `a whole number from ${least} to ${most} (${name})`;
  const write = (writer, value) => {
    const fits = typeof value === 'number' && Number.isInteger(value);
    if (!fits || value < least || value > most) throw new Misfit(expected, value);
    writer.int(value, size);
  };
  const read = isSigned ? (reader) => reader.signed(size) : (reader) => reader.unsigned(size);
  return new Codec(name, write, read);
}

/** u64, u128, usize; or i64, i128, isize. */
function long(name, bits, isSigned) {
  const wrap = isSigned ? BigInt.asIntN : BigInt.asUintN;
  const expected = `a bigint, or a safe integer, within the range of ${name}`;
  const write = (writer, value) => {
    const whole = Number.isSafeInteger(value) ? BigInt(value) : value;
    if (typeof whole !== 'bigint' || wrap(bits, whole) !== whole) throw new Misfit(expected, value);
    writer.long(whole);
    if (bits === 128) writer.long(whole >> 64n);
  };
  const read = (reader) => {
    const low = reader.long();
    return wrap(bits, bits === 128 ? low | (reader.long() << 64n) : low);
  };
  return new Codec(name, write, read);
}

function float(name, method) {
  const write = (writer, value) => {
    if (typeof value !== 'number') throw new Misfit(`a number (${name})`, value);
    writer[method](value);
  };
  return new Codec(name, write, (reader) => reader[method]());
}

module.exports = {
  u8: int('u8', 1, false),
  u16: int('u16', 2, false),
  u32: int('u32', 4, false),
  u64: long('u64', 64, false),
  u128: long('u128', 128, false),
  usize: long('usize', 64, false),
  i8: int('i8', 1, true),
  i16: int('i16', 2, true),
  i32: int('i32', 4, true),
  i64: long('i64', 64, true),
  i128: long('i128', 128, true),
  isize: long('isize', 64, true),
  f32: float('f32', 'float'),
  f64: float('f64', 'double'),
};
