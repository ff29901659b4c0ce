/** True when two types are the same. */
export type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false

/** Compiles only when a value is exactly of a type: `is<string>()(value)`. */
export declare function is<Expected> (): <Actual>(value: Actual & (Same<Actual, Expected> extends true ? unknown : never)) => void
