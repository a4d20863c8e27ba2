// SPDX-License-Identifier: GPL-3.0-or-later
import { log, trouble } from "../shared/log.ts";
import { within } from "../shared/time.ts";
import type { Trace } from "../shared/trace.ts";
import { service, type Env } from "./env.ts";
import type { Region } from "./routes.ts";

/** `response` is null when no region answered at all. */
export interface Outcome {
  readonly response: Response | null;
  readonly attempts: number;
}

/** A region that cannot serve; other statuses are answers, whoever gives them. */
const ELSEWHERE: ReadonlySet<number> = new Set([502, 503, 504]);
/** The longest that all tries together may take, in timeouts of one. */
const PATIENCE = 3;

/**
 * Asks the regions one after the other until one answers.
 * `repeatable` says that a try whose outcome is unknown does no harm when another region gets the same request.
 * When none does better, the last answer that a region gave is the answer.
 */
export async function ask(
  env: Env,
  regions: readonly Region[],
  request: () => Request,
  options: { readonly repeatable: boolean; readonly timeout: number; readonly trace: Trace },
): Promise<Outcome> {
  const deadline = Date.now() + options.timeout * PATIENCE;
  let attempts = 0;
  let last: Response | null = null;
  for (const region of regions) {
    const gateway = service(env, region.binding);
    if (gateway === undefined) continue;
    if (attempts > 0 && (!options.repeatable || Date.now() >= deadline)) break;
    attempts++;
    const response = await attempt(gateway, region, request(), options);
    if (response === null) continue;
    await last?.body?.cancel();
    last = response;
    if (!ELSEWHERE.has(response.status)) break;
  }
  return { response: last, attempts };
}

async function attempt(
  gateway: Fetcher,
  region: Region,
  request: Request,
  { timeout, trace }: { readonly timeout: number; readonly trace: Trace },
): Promise<Response | null> {
  const about = { trace: trace.traceId, region: region.name };
  try {
    const response = await within(timeout, gateway.fetch(request));
    if (ELSEWHERE.has(response.status)) log("warn", "warn", "a region cannot serve", { ...about, status: response.status });
    return response;
  } catch (error) {
    log("warn", "warn", "a region failed", { ...about, ...trouble(error) });
    return null;
  }
}
