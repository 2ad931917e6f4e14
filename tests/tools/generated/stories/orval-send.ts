/** How orval's client sends its requests. The only cast of the stories: orval leaves it to this function. */
const service = { url: '' };

/** Set the address of the service. */
export function connect(url: string): void {
  service.url = url;
}

export async function send<T>(path: string, init: RequestInit): Promise<T> {
  const response = await fetch(service.url + path, init);
  const text = await response.text();
  const data: unknown = text === '' ? undefined : JSON.parse(text);
  return { data, status: response.status, headers: response.headers } as T;
}
