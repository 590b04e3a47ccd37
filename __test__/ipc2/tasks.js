'use strict';
// What the workers of these tests are asked to do: the enum of crates/ipc2_tests/src/task.rs. Workers are
// fixtures/ipc2-worker.js and the Rust program ipc2_test_worker, which do the same.

const { codec } = require('../../ipc2');

const { u16, u32, u64, i32, string } = codec;

/** The answer is a u32. */
const Task = codec.enum({
  Add: [u32, u32],
  Sub: [u32, u32],
  /** Never answers; the worker of Node does when it gets SIGUSR2, with 1. */
  Hang: null,
  Crash: null,
  NoReply: null,
  Echo: string,
  Note: string,
  Sleep: u64,
  Pid: null,
  Notes: null,
  Background: u64,
  Overlapped: null,
  Spin: null,
  FolderMode: null,
});

const nested = codec.lazy(() => Nested);
const Nested = codec.enum({
  Leaf: null,
  One: nested,
  Two: [nested, codec.option(nested)],
  Named: { left: nested, value: i32 },
});

/** Values of many types. */
const All = codec.struct({
  small: codec.tuple(codec.u8, codec.i8, u16, codec.i16, codec.bool, codec.char),
  large: codec.tuple(u64, codec.i64, codec.u128, codec.i128, codec.f32, codec.f64),
  text: string,
  list: codec.vec(codec.option(string)),
  map: codec.map(string, codec.vec(u32)),
  nested: Nested,
  unit: codec.unit,
  array: codec.array(u16, 3),
});

module.exports = { All, Nested, Task };
