// SPDX-License-Identifier: GPL-3.0-or-later

/** One finding about the input: where (a JSON Pointer, RFC 6901) and what must be there. Never holds the value. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

export interface Refusal {
  readonly error: string;
  readonly errors?: readonly Problem[];
}

/** An answer that ends the handling of a request early; `body` is sent as JSON. */
export class HttpError extends Error {
  readonly status: number;
  readonly body: Refusal;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, body: Refusal, headers: Readonly<Record<string, string>> = {}) {
    super(body.error);
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** Seconds a client should wait before it repeats a request that this Worker could not serve. */
export const RETRY_AFTER = { "retry-after": "5" } as const;

const SECURITY: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "strict-transport-security": "max-age=31536000",
  "x-content-type-options": "nosniff",
};

export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", ...headers } });
}

export function notFound(): Response {
  return json(404, { error: "there is nothing at this path" });
}

export function methodNotAllowed(allow: string): Response {
  return json(405, { error: `this path allows ${allow}` }, { allow });
}

export function failure(error: HttpError): Response {
  return json(error.status, error.body, error.headers);
}

/** The answer with the Worker's own headers and, where it sets none itself, the security headers; no body for HEAD. */
export function finish(request: Request, response: Response, own: Readonly<Record<string, string>>): Response {
  const headers = new Headers({ ...SECURITY, ...Object.fromEntries(response.headers), ...own });
  const body = request.method === "HEAD" ? null : response.body;
  return new Response(body, { status: response.status, headers });
}
