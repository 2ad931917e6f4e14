/** The story, told by what orval makes, with its client for fetch. */
import {
  createUserDetails,
  deleteUserDetails,
  getMyUserDetails,
  getUserDetails,
  type NewUserDetails,
  type Problem,
  signUp,
} from './client.js';
import { connect } from './orval-send.js';
import { sure, typed } from './sure.js';

const PASSWORD = 'an otter counts nine moons';

/** HTTP Basic, in UTF-8. */
function basic(username: string, password: string): RequestInit {
  const bytes = new TextEncoder().encode(`${username}:${password}`);
  return { headers: { Authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` } };
}

/** What was refused, by the problem's own fields. */
function told(problem: Problem): string {
  sure(problem.detail !== '', problem.title);
  return [problem.status, problem.type, ...Object.keys(problem.errors ?? {})].join(' ');
}

/** What was seen. */
export async function story(url: string, username: string): Promise<string[]> {
  connect(url);
  const account = basic(username, PASSWORD);
  const seen: number[] = [];

  const form = { username, password: PASSWORD };
  const signedUp = await signUp(form);
  sure(signedUp.status === 200 && typeof signedUp.data !== 'string', 'not signed up');
  sure(typed(signedUp.data.message) === 'Success', 'not signed up');
  seen.push(signedUp.status);

  const details: NewUserDetails = { username, lastname: "Łuk & O'Neill" };
  const given = await createUserDetails(details);
  sure(given.status === 201 && typeof given.data !== 'string', 'not given');
  const id = typed(given.data.id);
  sure(given.headers.get('Location') === `/userDetails/${id}`, 'another link');
  seen.push(given.status);

  const headers = { ...account.headers, 'Idempotency-Key': `the-key-of-${username}` };
  const ids = new Set<string>();
  for (const _ of ['asked', 'asked again']) {
    const own = await createUserDetails({ ...details, firstname: 'Zoë' }, { headers });
    sure(own.status === 201 && typeof own.data !== 'string', 'not given');
    ids.add(own.data.id);
    seen.push(own.status);
  }

  const mine = await getMyUserDetails(account);
  sure(mine.status === 200, 'not read');
  sure(ids.size === 1 && ids.has(typed(mine.data.id)), 'not the newest');
  sure(mine.data.firstname === 'Zoë' && mine.data.lastname === details.lastname, 'altered');
  seen.push(mine.status);

  const read = await getUserDetails(id);
  sure(read.status === 200, 'not read');
  sure(typed(read.data.firstname) === null, 'a name that was not given');
  sure(read.data.createdAt <= mine.data.createdAt, 'later than what came later');
  seen.push(read.status);

  seen.push((await deleteUserDetails(id)).status);

  const invalid = await createUserDetails({ ...details, lastname: '' });
  const stranger = await getMyUserDetails(basic(username, 'not the right password'));
  const others = await createUserDetails({ ...details, username: `not-${username}` }, account);
  const gone = await getUserDetails(id);
  const taken = await signUp(form);
  sure(invalid.status === 400 && stranger.status === 401, 'it was not refused');
  sure(others.status === 403 && gone.status === 404, 'it was not refused');
  sure(taken.status === 409, 'it was not refused');
  const refused = [invalid, stranger, others, gone, taken];
  return [seen.join(' '), ...refused.map(({ data }) => told(typed(data)))];
}
