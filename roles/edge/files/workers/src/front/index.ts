// SPDX-License-Identifier: GPL-3.0-or-later
import { failure, finish, HttpError, json, RETRY_AFTER } from "../shared/http.ts";
import { log, trouble } from "../shared/log.ts";
import { continueTrace, traceparent, type Trace } from "../shared/trace.ts";
import { identity, type Env } from "./env.ts";
import { proxy, type Visit } from "./proxy.ts";
import { health, stateOf } from "./state.ts";

async function route(request: Visit, env: Env, trace: Trace): Promise<Response> {
  const state = stateOf(env);
  if (new URL(request.url).pathname === "/healthz") return finish(request, health(request, env, state), own(env, trace));
  if (state.routes === null) throw new HttpError(503, { error: "front has no routes; repeat the request" }, RETRY_AFTER);
  return proxy(request, env, state.routes, trace);
}

function own(env: Env, trace: Trace): Record<string, string> {
  return { ...identity(env), traceparent: traceparent(trace) };
}

function refuse(error: unknown, trace: Trace): Response {
  if (error instanceof HttpError) return failure(error);
  log("error", "error", "unhandled exception", { trace: trace.traceId, ...trouble(error) });
  return json(500, { error: "an unexpected error; it was logged under this trace" });
}

export default {
  async fetch(request: Visit, env: Env): Promise<Response> {
    const trace = continueTrace(request.headers);
    try {
      return await route(request, env, trace);
    } catch (error) {
      return finish(request, refuse(error, trace), own(env, trace));
    }
  },
};
