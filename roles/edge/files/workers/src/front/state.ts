// SPDX-License-Identifier: GPL-3.0-or-later
import * as v from "valibot";
import { json, methodNotAllowed, RETRY_AFTER } from "../shared/http.ts";
import { problems } from "../shared/schema.ts";
import { bindingProblems, service, type Env } from "./env.ts";
import { Routes } from "./routes.ts";

/** Whether front can route at all. A region whose service is not bound is a problem, but the others still serve. */
export interface State {
  readonly routes: Routes | null;
  readonly problems: readonly string[];
}

let known: { readonly source: unknown; readonly state: State } | null = null;

/** Bindings do not change within an isolate, so the state is worked out once. */
export function stateOf(env: Env): State {
  if (known === null || known.source !== env.ROUTES) known = { source: env.ROUTES, state: examine(env) };
  return known.state;
}

function examine(env: Env): State {
  const absent = bindingProblems(env);
  if (env.ROUTES === undefined) return { routes: null, problems: absent };
  const result = v.safeParse(Routes, env.ROUTES, { abortPipeEarly: true });
  if (result.success) return { routes: result.output, problems: [...absent, ...unbound(env, result.output)] };
  const found = problems(result.issues, "ROUTES");
  return { routes: null, problems: [...absent, ...found.map(({ path, message }) => `${path} ${message}`)] };
}

function unbound(env: Env, routes: Routes): string[] {
  const names = routes.regions.map((region) => region.binding).filter((binding) => service(env, binding) === undefined);
  return names.map((name) => `the binding ${name} is missing`);
}

/** Answers /healthz for front itself; it does not ask the gateways, which have a /healthz each. */
export function health(request: Request, env: Env, state: State): Response {
  if (request.method !== "GET" && request.method !== "HEAD") return methodNotAllowed("GET, HEAD");
  const front = {
    worker: "front",
    tenant: env.TENANT,
    release: env.RELEASE,
    version: { id: env.VERSION?.id, tag: env.VERSION?.tag },
    regions: state.routes?.regions.map((region) => region.name) ?? [],
    default: state.routes?.default,
  };
  if (state.problems.length === 0) return json(200, { status: "ok", ...front });
  return json(503, { status: "unavailable", ...front, problems: state.problems }, RETRY_AFTER);
}
