// SPDX-License-Identifier: GPL-3.0-or-later
import { failure, HttpError, json, methodNotAllowed, RETRY_AFTER } from "../shared/http.ts";
import { log } from "../shared/log.ts";
import type { Trace } from "../shared/trace.ts";
import { readBatch } from "./batch.ts";
import { corsHeaders, preflight } from "./cors.ts";
import type { Env } from "./env.ts";
import type { State } from "./health.ts";
import type { SealedSecrets } from "./secrets.ts";
import type { Settings } from "./settings.ts";
import { forward } from "./sink.ts";

const ALLOW = "POST, OPTIONS";

/** Answers /v1/events. */
export async function events(
  request: Request,
  env: Env,
  state: State,
  trace: Trace,
  secrets: SealedSecrets,
): Promise<Response> {
  if (!state.ok) return json(503, { error: "this plane is not ready; repeat the request" }, RETRY_AFTER);
  const { settings } = state.document;
  const cors = corsHeaders(request, settings);
  const response = await answer(request, env, settings, trace, cors, secrets);
  for (const [name, value] of Object.entries(cors)) response.headers.set(name, value);
  return response;
}

async function answer(
  request: Request,
  env: Env,
  settings: Settings,
  trace: Trace,
  cors: Readonly<Record<string, string>>,
  secrets: SealedSecrets,
): Promise<Response> {
  if (request.method === "OPTIONS") return preflight(cors, ALLOW);
  if (request.method !== "POST") return methodNotAllowed(ALLOW);
  try {
    const accepted = await readBatch(request, settings);
    if (request.headers.get("x-probe") !== "1") await forward(env, settings, accepted, trace, secrets);
    return json(202, { accepted: accepted.length });
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    log(settings.log_level, "warn", "events refused", {
      trace: trace.traceId,
      status: error.status,
      problems: error.body.errors?.length ?? 0,
    });
    return failure(error);
  }
}
