/** What the stories of both TypeScript clients make sure of. */

/** The value itself; one of type `any` doesn't compile, since nothing is assignable to `never`. */
export function typed<T>(value: 0 extends 1 & T ? never : T): T {
  return value;
}

/** Raises an error unless it is so. */
export function sure(so: boolean, what: string): asserts so {
  if (!so) throw new Error(what);
}
