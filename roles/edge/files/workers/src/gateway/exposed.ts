// SPDX-License-Identifier: GPL-3.0-or-later
import { readBody } from "../shared/body.ts";
import { json, notFound } from "../shared/http.ts";
import { log } from "../shared/log.ts";
import type { Trace } from "../shared/trace.ts";
import type { Env } from "./env.ts";
import { relayOf, RelayRefusal } from "./relay.ts";

export const PREFIX = "/v1/relay/";
const MAX_BODY = 64 * 1024;
const HANDED_ON = ["accept", "content-type", "idempotency-key"];
const WITHOUT_BODY = new Set(["GET", "HEAD"]);

/** Answers /v1/relay/CONNECTOR/... for the connectors that the topology exposes, to whoever asks. */
export async function exposed(request: Request, env: Env, trace: Trace): Promise<Response> {
  const relay = await relayOf(env);
  const { pathname, search } = new URL(request.url);
  const [connector = "", ...rest] = pathname.slice(PREFIX.length).split("/");
  if (relay === null || rest.length === 0 || !relay.exposes(connector)) return notFound();
  const body = WITHOUT_BODY.has(request.method) ? new Uint8Array() : await readBody(request, MAX_BODY);
  if (body === null) return json(413, { error: `the body must be at most ${MAX_BODY} bytes` });
  try {
    const target = `/${rest.join("/")}${search}`;
    return await relay.call(connector, { method: request.method, target, fields: fields(request.headers), body });
  } catch (error) {
    if (!(error instanceof RelayRefusal)) throw error;
    log("error", "error", "relay refused", { trace: trace.traceId, connector, code: error.code });
    return json(502, { error: "the third party could not be asked", code: error.code });
  }
}

function fields(headers: Headers): Record<string, string> {
  const entries = HANDED_ON.map((name) => [name, headers.get(name)] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== null && plain(entry[1])));
}

/** What a signature base and a header can both carry unchanged. */
function plain(text: string): boolean {
  return /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(text);
}
