/** The story, told by what swagger-typescript-api makes, with its client for fetch. */
import { Api, type NewUserDetails, type Problem } from './client.js';
import { sure, typed } from './sure.js';

const PASSWORD = 'an otter counts nine moons';

/** A client. It signs each request that may have credentials, if it has any. */
function client(baseUrl: string, username?: string, password?: string) {
  const bytes = new TextEncoder().encode(`${username}:${password}`);
  const headers = { Authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` };
  return new Api({ baseUrl, securityWorker: () => (username === undefined ? {} : { headers }) });
}

/** What was refused, by the problem's own fields. What is thrown is the response. */
async function told(asked: Promise<unknown>): Promise<string> {
  const refusal: unknown = await asked.catch((error: unknown) => error);
  sure(refusal instanceof Response, 'it was not refused');
  const problem: Problem = await refusal.json();
  sure(problem.detail !== '', problem.title);
  return [problem.status, problem.type, ...Object.keys(problem.errors ?? {})].join(' ');
}

/** What was seen. */
export async function story(url: string, username: string): Promise<string[]> {
  const anyone = client(url);
  const account = client(url, username, PASSWORD);
  const stranger = client(url, username, 'not the right password');
  const seen: number[] = [];

  const signUp = { username, password: PASSWORD };
  const signedUp = await anyone.userSignUp.signUp(signUp);
  sure(typed(signedUp.data.message) === 'Success', 'not signed up');
  seen.push(signedUp.status);

  const details: NewUserDetails = { username, lastname: "Łuk & O'Neill" };
  const given = await anyone.userDetails.createUserDetails(details);
  const id = typed(given.data.id);
  sure(given.headers.get('Location') === `/userDetails/${id}`, 'another link');
  seen.push(given.status);

  const headers = { 'Idempotency-Key': `the-key-of-${username}` };
  const ids = new Set<string>();
  for (const _ of ['asked', 'asked again']) {
    const form = { ...details, firstname: 'Zoë' };
    const own = await account.userDetails.createUserDetails(form, { headers });
    ids.add(own.data.id);
    seen.push(own.status);
  }

  const mine = await account.userDetails.getMyUserDetails();
  sure(ids.size === 1 && ids.has(typed(mine.data.id)), 'not the newest');
  sure(mine.data.firstname === 'Zoë' && mine.data.lastname === details.lastname, 'altered');
  seen.push(mine.status);

  const read = await anyone.userDetails.getUserDetails(id);
  sure(typed(read.data.firstname) === null, 'a name that was not given');
  sure(read.data.createdAt <= mine.data.createdAt, 'later than what came later');
  seen.push(read.status);

  seen.push((await anyone.userDetails.deleteUserDetails(id)).status);

  const others = { ...details, username: `not-${username}` };
  return [
    seen.join(' '),
    await told(anyone.userDetails.createUserDetails({ ...details, lastname: '' })),
    await told(stranger.userDetails.getMyUserDetails()),
    await told(account.userDetails.createUserDetails(others)),
    await told(anyone.userDetails.getUserDetails(id)),
    await told(anyone.userSignUp.signUp(signUp)),
  ];
}
