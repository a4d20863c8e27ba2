// SPDX-License-Identifier: GPL-3.0-or-later
import { finish, json, notFound } from "../shared/http.ts";
import { log, trouble } from "../shared/log.ts";
import { continueTrace, traceparent, type Trace } from "../shared/trace.ts";
import { ConfigReader } from "./config.ts";
import { identity, type Env } from "./env.ts";
import { events } from "./events.ts";
import { exposed, PREFIX } from "./exposed.ts";
import { health, stateOf } from "./health.ts";
import { HeldSecrets } from "./held.ts";
import { SealedSecrets } from "./secrets.ts";

const config = new ConfigReader(Date.now, (reasons) => log("error", "error", "config unusable", { reasons }));
const secrets = new SealedSecrets(Date.now, (name, reason) => log("error", "error", "relayed secret refused", { name, reason }));
const held = new HeldSecrets(Date.now);

async function route(request: Request, env: Env, trace: Trace): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname.startsWith(PREFIX)) return exposed(request, env, trace);
  switch (pathname) {
    case "/healthz":
      return health(request, env, await stateOf(env, config), Date.now(), env.HEALTH === "brief" ? {} : await secretsOf(env));
    case "/v1/events":
      return events(request, env, await stateOf(env, config), trace, secrets);
    default:
      return notFound();
  }
}

async function secretsOf(env: Env) {
  return { ...(await held.of(env)), relayed: await secrets.freshness(env) };
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const trace = continueTrace(request.headers);
    const own = { ...identity(env), traceparent: traceparent(trace) };
    try {
      return finish(request, await route(request, env, trace), own);
    } catch (error) {
      log("error", "error", "unhandled exception", { trace: trace.traceId, ...trouble(error) });
      return finish(request, json(500, { error: "an unexpected error; it was logged under this trace" }), own);
    }
  },
};
