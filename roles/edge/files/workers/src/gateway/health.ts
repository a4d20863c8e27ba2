// SPDX-License-Identifier: GPL-3.0-or-later
import { json, methodNotAllowed, RETRY_AFTER } from "../shared/http.ts";
import type { ConfigReader, Document } from "./config.ts";
import { bindingProblems, type Env } from "./env.ts";
import type { Held } from "./held.ts";
import type { Freshness } from "./secrets.ts";

/** Whether this plane can serve, and with which document. */
export type State =
  | { readonly ok: true; readonly document: Document; readonly stale: boolean }
  | { readonly ok: false; readonly reasons: readonly string[] };

export async function stateOf(env: Env, config: ConfigReader): Promise<State> {
  const reasons = bindingProblems(env);
  if (reasons.length > 0 || env.CONFIG === undefined) return { ok: false, reasons };
  return config.read(env.CONFIG);
}

/** Answers /healthz. Settings and secrets stay private: only a digest, and versions, are shown. */
export function health(
  request: Request,
  env: Env,
  state: State,
  now: number,
  secrets: Held & { readonly relayed?: Readonly<Record<string, Freshness>> | undefined } = {},
): Response {
  if (request.method !== "GET" && request.method !== "HEAD") return methodNotAllowed("GET, HEAD");
  const plane = {
    tenant: env.TENANT,
    region: env.REGION,
    environment: env.ENVIRONMENT,
    release: env.RELEASE,
    version: { id: env.VERSION?.id, tag: env.VERSION?.tag },
    ...secrets,
  };
  if (!state.ok) return json(503, { status: "unavailable", ...plane, problems: state.reasons }, RETRY_AFTER);
  const { revision, sha256, readAt } = state.document;
  const config = { revision, sha256, stale: state.stale, age_seconds: Math.max(0, Math.round((now - readAt) / 1000)) };
  return json(200, { status: "ok", ...plane, config, sink: env.SINK !== undefined });
}
