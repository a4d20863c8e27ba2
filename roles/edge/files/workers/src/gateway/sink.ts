// SPDX-License-Identifier: GPL-3.0-or-later
import { HttpError, RETRY_AFTER } from "../shared/http.ts";
import { log, trouble } from "../shared/log.ts";
import { within } from "../shared/time.ts";
import { setTrace, type Trace } from "../shared/trace.ts";
import type { Env } from "./env.ts";
import type { AdEvent } from "./event.ts";
import { sampled } from "./sampling.ts";
import type { SealedSecrets } from "./secrets.ts";
import type { Settings } from "./settings.ts";

const URL = "https://sink/v1/batches";
const TIMEOUT = 5_000;
/** The relayed secret by which the sink knows this plane, where one is declared. */
const TOKEN = "SINK_TOKEN";

/** Hands the sampled events on: to SINK when it is bound, otherwise their ids to the log. */
export async function forward(
  env: Env,
  settings: Settings,
  events: readonly AdEvent[],
  trace: Trace,
  secrets: SealedSecrets,
): Promise<void> {
  const kept = events.filter((event) => sampled(event.id, settings.sample_rate));
  const counts = { trace: trace.traceId, accepted: events.length, forwarded: kept.length };
  if (env.SINK === undefined) {
    log(settings.log_level, "info", "events accepted", { ...counts, ids: kept.map((event) => event.id) });
    return;
  }
  const token = env.RELAYED?.includes(TOKEN) === true ? await secrets.value(env, TOKEN) : undefined;
  if (kept.length > 0) await post(env.SINK, batch(env, settings, kept), trace, settings, token);
  log(settings.log_level, "debug", "events forwarded", counts);
}

function batch(env: Env, settings: Settings, events: readonly AdEvent[]): string {
  const { TENANT: tenant, REGION: region, ENVIRONMENT: environment, RELEASE: release } = env;
  return JSON.stringify({ tenant, region, environment, release, labels: settings.labels, events });
}

async function post(sink: Fetcher, body: string, trace: Trace, settings: Settings, token?: string): Promise<void> {
  const headers = new Headers({ "content-type": "application/json" });
  if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
  setTrace(headers, trace);
  try {
    const response = await within(TIMEOUT, sink.fetch(URL, { method: "POST", headers, body }));
    await response.body?.cancel();
    if (response.ok) return;
    log(settings.log_level, "error", "the sink refused a batch", { trace: trace.traceId, status: response.status });
  } catch (error) {
    log(settings.log_level, "error", "the sink failed", { trace: trace.traceId, ...trouble(error) });
  }
  throw new HttpError(503, { error: "the events could not be handed on; repeat the request" }, RETRY_AFTER);
}
