/** The story, told by what @hey-api/openapi-ts makes. */
import {
  createUserDetails,
  type CreateUserDetailsErrors,
  deleteUserDetails,
  getMyUserDetails,
  type GetMyUserDetailsErrors,
  getUserDetails,
  type GetUserDetailsErrors,
  type NewUserDetails,
  signUp,
  type SignUpErrors,
} from './client/index.js';
import { createClient, createConfig } from './client/client/index.js';
import { sure, typed } from './sure.js';

/** What the document says of what is refused here: an answer that it lacks doesn't compile. */
type Refused =
  | CreateUserDetailsErrors[400 | 403]
  | GetMyUserDetailsErrors[401]
  | GetUserDetailsErrors[404]
  | SignUpErrors[409];

const PASSWORD = 'an otter counts nine moons';

/** A client. `auth` is username:password, and is sent only to operations that take credentials. */
function client(baseUrl: string, auth?: string) {
  return createClient(createConfig({ baseUrl, ...(auth === undefined ? {} : { auth }) }));
}

/** What was refused, by the problem's own fields. */
function told(problem: Refused | undefined): string {
  sure(problem !== undefined, 'it was not refused');
  sure(problem.detail !== '', problem.title);
  return [problem.status, problem.type, ...Object.keys(problem.errors ?? {})].join(' ');
}

/** What was seen. */
export async function story(url: string, username: string): Promise<string[]> {
  const anyone = client(url);
  const account = client(url, `${username}:${PASSWORD}`);
  const stranger = client(url, `${username}:not the right password`);
  const seen: (number | undefined)[] = [];

  const body = { username, password: PASSWORD };
  const signedUp = await signUp({ client: anyone, body });
  sure(typed(signedUp.data)?.message === 'Success', 'not signed up');
  seen.push(signedUp.response?.status);

  const details: NewUserDetails = { username, lastname: "Łuk & O'Neill" };
  const given = await createUserDetails({ client: anyone, body: details });
  sure(given.data !== undefined, 'not given');
  const path = { id: typed(given.data.id) };
  sure(given.response?.headers.get('Location') === `/userDetails/${path.id}`, 'another link');
  seen.push(given.response?.status);

  const headers = { 'Idempotency-Key': `the-key-of-${username}` };
  const ids = new Set<string>();
  for (const _ of ['asked', 'asked again']) {
    const form = { ...details, firstname: 'Zoë' };
    const own = await createUserDetails({ client: account, body: form, headers });
    sure(own.data !== undefined, 'not given');
    ids.add(own.data.id);
    seen.push(own.response?.status);
  }

  const mine = await getMyUserDetails({ client: account });
  sure(mine.data !== undefined, 'not read');
  sure(ids.size === 1 && ids.has(typed(mine.data.id)), 'not the newest');
  sure(mine.data.firstname === 'Zoë' && mine.data.lastname === details.lastname, 'altered');
  seen.push(mine.response?.status);

  const read = await getUserDetails({ client: anyone, path });
  sure(read.data !== undefined, 'not read');
  sure(typed(read.data.firstname) === null, 'a name that was not given');
  sure(read.data.createdAt <= mine.data.createdAt, 'later than what came later');
  seen.push(read.response?.status);

  const deleted = await deleteUserDetails({ client: anyone, path });
  seen.push(deleted.response?.status);

  const invalid = { ...details, lastname: '' };
  const others = { ...details, username: `not-${username}` };
  return [
    seen.join(' '),
    told(typed((await createUserDetails({ client: anyone, body: invalid })).error)),
    told(typed((await getMyUserDetails({ client: stranger })).error)),
    told(typed((await createUserDetails({ client: account, body: others })).error)),
    told(typed((await getUserDetails({ client: anyone, path })).error)),
    told(typed((await signUp({ client: anyone, body })).error)),
  ];
}
