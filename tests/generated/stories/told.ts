/** What the stories of both TypeScript clients say of a problem, and refuse when compiled. */

/** The value itself; one of type `any` doesn't compile, since nothing is assignable to `never`. */
export function typed<T>(value: 0 extends 1 & T ? never : T): T {
  return value;
}

/** Raises an error unless it is so. */
export function sure(so: boolean, what: string): asserts so {
  if (!so) throw new Error(what);
}

/** What a problem must be to the client that was made: these fields, of these types. */
interface Problem {
  type: 'about:blank';
  title: string;
  status: number;
  detail: string;
  errors?: { [field: string]: string[] };
}

/** What was refused, by the problem's own fields. */
export function told(problem: Problem | undefined): string {
  sure(problem !== undefined, 'it was not refused');
  sure(problem.type === 'about:blank' && problem.detail !== '', problem.title);
  return [problem.status, problem.title, ...Object.keys(problem.errors ?? {})].join(' ');
}
