/** The story, told by what openapi-generator makes for fetch. */
import {
  Configuration,
  type CreateUserDetailsRequest,
  type Problem,
  ProblemFromJSON,
  ResponseError,
  SignUpApi,
  UserDetailsApi,
} from './client/index.js';
import { sure, typed } from './sure.js';

const PASSWORD = 'an otter counts nine moons';

/** What was refused, by the problem's own fields. */
async function told(asked: Promise<unknown>): Promise<string> {
  const refusal: unknown = await asked.catch((error: unknown) => error);
  sure(refusal instanceof ResponseError, 'it was not refused');
  const problem: Problem = ProblemFromJSON(await refusal.response.json());
  sure(problem.detail !== '', problem.title);
  return [problem.status, problem.type, ...Object.keys(problem.errors ?? {})].join(' ');
}

/** What was seen. */
export async function story(basePath: string, username: string): Promise<string[]> {
  const anyone = new UserDetailsApi(new Configuration({ basePath }));
  const as = { basePath, username };
  const account = new UserDetailsApi(new Configuration({ ...as, password: PASSWORD }));
  const stranger = new UserDetailsApi(
    new Configuration({ ...as, password: 'not the right password' }),
  );
  const signUps = new SignUpApi(new Configuration({ basePath }));
  const seen: number[] = [];

  const signUp = { username, password: PASSWORD };
  const signedUp = await signUps.signUpRaw(signUp);
  sure(typed((await signedUp.value()).message) === 'Success', 'not signed up');
  seen.push(signedUp.raw.status);

  const details: CreateUserDetailsRequest = { username, lastname: "Łuk & O'Neill" };
  const given = await anyone.createUserDetailsRaw(details);
  const path = { id: typed((await given.value()).id) };
  sure(given.raw.headers.get('Location') === `/userDetails/${path.id}`, 'another link');
  seen.push(given.raw.status);

  const ids = new Set<string>();
  for (const _ of ['asked', 'asked again']) {
    const form = { ...details, firstname: 'Zoë', idempotencyKey: `the-key-of-${username}` };
    const own = await account.createUserDetailsRaw(form);
    ids.add((await own.value()).id);
    seen.push(own.raw.status);
  }

  const mine = await account.getMyUserDetailsRaw();
  const newest = await mine.value();
  sure(ids.size === 1 && ids.has(typed(newest.id)), 'not the newest');
  sure(newest.firstname === 'Zoë' && newest.lastname === details.lastname, 'altered');
  seen.push(mine.raw.status);

  const read = await anyone.getUserDetailsRaw(path);
  const first = await read.value();
  sure(typed(first.firstname) === null, 'a name that was not given');
  sure(first.createdAt <= newest.createdAt, 'later than what came later');
  seen.push(read.raw.status);

  seen.push((await anyone.deleteUserDetailsRaw(path)).raw.status);

  return [
    seen.join(' '),
    await told(anyone.createUserDetails({ ...details, lastname: '' })),
    await told(stranger.getMyUserDetails()),
    await told(account.createUserDetails({ ...details, username: `not-${username}` })),
    await told(anyone.getUserDetails(path)),
    await told(signUps.signUp(signUp)),
  ];
}
