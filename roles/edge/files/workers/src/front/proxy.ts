// SPDX-License-Identifier: GPL-3.0-or-later
import { MAX_BODY_BYTES, readBody } from "../shared/body.ts";
import { header } from "../shared/bindings.ts";
import { HttpError, RETRY_AFTER } from "../shared/http.ts";
import { setTrace, type Trace } from "../shared/trace.ts";
import type { Env } from "./env.ts";
import { ask } from "./failover.ts";
import { order, type Routes } from "./routes.ts";

/** Set on every request that front makes: one that comes back would go round for ever. */
const HOPS = "x-front-hops";
const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

export type Visit = Request<unknown, IncomingRequestCfProperties>;

/** Hands a request to the nearest region that serves it. */
export async function proxy(request: Visit, env: Env, routes: Routes, trace: Trace): Promise<Response> {
  if (request.headers.has(HOPS)) throw new HttpError(508, { error: "this request has been through front before" });
  const make = await copies(request, trace);
  const { response, attempts } = await ask(env, order(routes, request.cf ?? {}), make, {
    repeatable: isRepeatable(request),
    timeout: routes.timeout_ms,
    trace,
  });
  const own = { "x-front-version-id": header(env.VERSION?.id), "x-front-attempts": String(attempts) };
  if (response === null) throw new HttpError(502, { error: "no region answered; repeat the request" }, { ...RETRY_AFTER, ...own });
  const answer = new Response(response.body, response);
  for (const [name, value] of Object.entries(own)) answer.headers.set(name, value);
  return answer;
}

/** Events carry ids, so a batch may arrive twice; any other POST may not. */
function isRepeatable(request: Visit): boolean {
  return IDEMPOTENT.has(request.method) || (request.method === "POST" && new URL(request.url).pathname === "/v1/events");
}

/** Makes as many equal requests as there are tries. The body is read once, and bounded. */
async function copies(request: Visit, trace: Trace): Promise<() => Request> {
  const body = request.body === null ? null : await readBody(request, MAX_BODY_BYTES);
  if (body === null && request.body !== null) {
    throw new HttpError(413, { error: `the body must be at most ${MAX_BODY_BYTES} bytes` });
  }
  const headers = new Headers(request.headers);
  for (const name of [...headers.keys()]) if (name.startsWith("x-front-")) headers.delete(name);
  headers.set(HOPS, "1");
  setTrace(headers, trace);
  const { url, method, cf } = request;
  return () => new Request(url, { method, headers, body, redirect: "manual", ...(cf === undefined ? {} : { cf }) });
}
