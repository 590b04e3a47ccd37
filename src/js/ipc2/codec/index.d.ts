// Types of `codec`: Rust types <-> the values that JavaScript has for them.

/**
 * Turns values into bytes, and bytes into values. Values that are read have the type `Out`; values to write have the
 * type `In`.
 */
export interface PayloadCodec<Out = any, In = Out> {
  encode(value: In): Uint8Array;
  decode(bytes: Uint8Array): Out;
}

/** The codec of a Rust type, in the format of bincode 1.3.3. */
export interface Codec<Out = any, In = Out> extends PayloadCodec<Out, In> {
  /** The type, much as Rust has it. */
  readonly name: string;
  /**
   * The bytes of a value.
   * @throws {TypeError} that names the part that is not of the type: `The "value.Add[1]" argument must be …`
   */
  encode(value: In): Buffer;
  /**
   * The value that `bytes` begin with; what follows is ignored. Nothing is allocated for bytes that are not there.
   * @throws {Error} with the code `ERR_IPC2_PAYLOAD` for bytes that are not a value of the type, for more than 256 levels
   *   and for more than 2²⁰ elements without bytes
   */
  decode(bytes: Uint8Array): Out;
}

/** What a codec reads. */
export type Output<C> = C extends PayloadCodec<infer Out, any> ? Out : never;

/** What a codec writes. */
export type Input<C> = C extends { encode(value: infer In): Uint8Array } ? In : never;

type Any = Codec<any, any>;
type Fields = { [name: string]: Any };
type Tuple = readonly [] | readonly Any[];

type OutputOfTuple<T extends Tuple> = { -readonly [K in keyof T]: Output<T[K]> };
type InputOfTuple<T extends Tuple> = { readonly [K in keyof T]: Input<T[K]> };
type OutputOfFields<F> = { [K in keyof F]: Output<F[K]> };
type InputOfFields<F> = { [K in keyof F]: Input<F[K]> };

/** Rust's `()`. */
export interface Unit extends Codec<null, null | undefined> {
  readonly name: '()';
}

/** What a variant of an enum holds: nothing, a value, several values, or named ones. */
export type Variant = null | Any | Tuple | Fields;

type OutputOfVariant<V, K extends PropertyKey> = V extends null | Unit
  ? K
  : {
      [P in K]: V extends Any ? Output<V> : V extends Tuple ? OutputOfTuple<V> : OutputOfFields<V>;
    };
type InputOfVariant<V, K extends PropertyKey> = V extends null | Unit
  ? K | { [P in K]: null | undefined }
  : { [P in K]: V extends Any ? Input<V> : V extends Tuple ? InputOfTuple<V> : InputOfFields<V> };

/** Values of an enum, as they are read. */
export type OutputOfEnum<V> = { [K in keyof V]: OutputOfVariant<V[K], K> }[keyof V];
/** Values of an enum, as they may be written. */
export type InputOfEnum<V> = { [K in keyof V]: InputOfVariant<V[K], K> }[keyof V];

type Integer = Codec<number>;
type Long = Codec<bigint, bigint | number>;

/** Whole numbers; others, and those out of range, are refused. */
export const u8: Integer;
export const u16: Integer;
export const u32: Integer;
export const i8: Integer;
export const i16: Integer;
export const i32: Integer;
/** BigInts; safe integers can be written, too. */
export const u64: Long;
export const u128: Long;
export const usize: Long;
export const i64: Long;
export const i128: Long;
export const isize: Long;
/** A number, rounded to single precision. */
export const f32: Codec<number>;
export const f64: Codec<number>;
export const bool: Codec<boolean>;
/** A string of one character. */
export const char: Codec<string>;
/** `String`. Lone surrogates, which Rust does not have, are refused. */
export const string: Codec<string>;
/** `()`: null. */
export const unit: Unit;
/** `Vec<u8>`, and `serde_bytes`: a `Buffer`, which is a view of what was received. */
export const bytes: Codec<Buffer, Uint8Array>;
/** A `String` that holds JSON. */
export const json: Codec<any>;
/** `Vec<T>` and other sequences: an array. */
export function vec<O, I>(item: Codec<O, I>): Codec<O[], readonly I[]>;
/** `Option<T>`: null, or the value; where null is one of the values, `{ Some: value }`. */
export function option<O, I>(
  item: Codec<O, I>,
): null extends O
  ? Codec<{ Some: O } | null, { Some: I } | null | undefined>
  : Codec<O | null, I | null | undefined>;
/** `(A, B, …)`, and structs without names: an array. */
export function tuple<T extends Tuple>(...items: T): Codec<OutputOfTuple<T>, InputOfTuple<T>>;
export function tuple<T extends Tuple>(items: T): Codec<OutputOfTuple<T>, InputOfTuple<T>>;
/** `[T; length]`: an array. */
export function array<O, I>(item: Codec<O, I>, length: number): Codec<O[], readonly I[]>;
/** A struct: an object with these members, which are in Rust's order. Others are refused. */
export function struct<F extends Fields>(fields: F): Codec<OutputOfFields<F>, InputOfFields<F>>;
/**
 * An enum: its variants, in Rust's order. Its values are `'Name'` for a variant that holds nothing, and
 * `{ Name: what it holds }`.
 */
declare function enumeration<V extends { [name: string]: Variant }>(
  variants: V,
): Codec<OutputOfEnum<V>, InputOfEnum<V>>;
declare function enumeration<N extends string>(names: readonly N[]): Codec<N, N>;
export { enumeration as enum };
/** `HashMap<K, V>` and `BTreeMap<K, V>`: a Map. An object can be written, too. */
export function map<KO, KI, VO, VI>(
  key: Codec<KO, KI>,
  value: Codec<VO, VI>,
): Codec<Map<KO, VO>, ReadonlyMap<KI, VI> | { readonly [key: string]: VI }>;
/** What `get` returns when it is needed: for types that hold themselves. */
export function lazy<O, I>(get: () => Codec<O, I>): Codec<O, I>;
