/** Whether two types are the same, `any` being the same as nothing but `any`. */
export type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles for `true` only: `type _ = Expect<Equal<A, B>>`. */
export type Expect<T extends true> = T;

/** Checks the type of a value: `expectType<string>(value)`. */
export declare function expectType<T>(): <U>(
  value: U,
  ...same: Equal<T, U> extends true ? [] : ['the types differ', T, U]
) => void;
