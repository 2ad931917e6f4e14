/** The story, told by openapi-fetch with what openapi-typescript makes. */
import createClient from 'openapi-fetch';

import type { components, operations, paths } from './schema.js';
import { sure, typed } from './sure.js';

type Json = 'application/json' | 'application/problem+json';
type Form = components['schemas']['NewUserDetails'];

/** What the document says of what is refused here: an answer that it lacks doesn't compile. */
type Refused = (
  | operations['createUserDetails']['responses'][400 | 403]
  | operations['getMyUserDetails']['responses'][401]
  | operations['getUserDetails']['responses'][404]
  | operations['signUp']['responses'][409]
)['content']['application/problem+json'];

const PASSWORD = 'an otter counts nine moons';
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };

/** HTTP Basic, in UTF-8. */
function basic(username: string, password: string): string {
  const bytes = new TextEncoder().encode(`${username}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

/** A client, typed for JSON, which the service sends unless it is asked for another media type. */
function client(baseUrl: string, authorization?: string) {
  const headers = authorization === undefined ? {} : { Authorization: authorization };
  return createClient<paths, Json>({ baseUrl, headers });
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
  const account = client(url, basic(username, PASSWORD));
  const stranger = client(url, basic(username, 'not the right password'));
  const seen: number[] = [];

  const signUp = { body: { username, password: PASSWORD }, headers: FORM };
  const signedUp = await anyone.POST('/userSignUp', signUp);
  sure(typed(signedUp.data)?.message === 'Success', 'not signed up');
  seen.push(signedUp.response.status);

  const details: Form = { username, lastname: "Łuk & O'Neill" };
  const given = await anyone.POST('/userDetails', { body: details, headers: FORM });
  sure(given.data !== undefined, 'not given');
  const path = { id: typed(given.data.id) };
  sure(given.response.headers.get('Location') === `/userDetails/${path.id}`, 'another link');
  seen.push(given.response.status);

  const header = { 'Idempotency-Key': `the-key-of-${username}` };
  const ids = new Set<string>();
  for (const _ of ['asked', 'asked again']) {
    const own = await account.POST('/userDetails', {
      params: { header },
      body: { ...details, firstname: 'Zoë' },
      headers: FORM,
    });
    sure(own.data !== undefined, 'not given');
    ids.add(own.data.id);
    seen.push(own.response.status);
  }

  const mine = await account.GET('/userDetails');
  sure(mine.data !== undefined, 'not read');
  sure(ids.size === 1 && ids.has(typed(mine.data.id)), 'not the newest');
  sure(mine.data.firstname === 'Zoë' && mine.data.lastname === details.lastname, 'altered');
  seen.push(mine.response.status);

  const read = await anyone.GET('/userDetails/{id}', { params: { path } });
  sure(read.data !== undefined, 'not read');
  sure(typed(read.data.firstname) === null, 'a name that was not given');
  sure(read.data.createdAt <= mine.data.createdAt, 'later than what came later');
  seen.push(read.response.status);

  const deleted = await anyone.DELETE('/userDetails/{id}', { params: { path } });
  seen.push(deleted.response.status);

  const invalid = { body: { ...details, lastname: '' }, headers: FORM };
  const others = { body: { ...details, username: `not-${username}` }, headers: FORM };
  return [
    seen.join(' '),
    told(typed((await anyone.POST('/userDetails', invalid)).error)),
    told(typed((await stranger.GET('/userDetails')).error)),
    told(typed((await account.POST('/userDetails', others)).error)),
    told(typed((await anyone.GET('/userDetails/{id}', { params: { path } })).error)),
    told(typed((await anyone.POST('/userSignUp', signUp)).error)),
  ];
}
