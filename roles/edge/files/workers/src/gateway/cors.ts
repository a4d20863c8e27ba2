// SPDX-License-Identifier: GPL-3.0-or-later
import type { Settings } from "./settings.ts";

/** The CORS headers (https://fetch.spec.whatwg.org/#http-cors-protocol) for the request's origin, if it is allowed. */
export function corsHeaders(request: Request, settings: Settings): Record<string, string> {
  const origin = request.headers.get("origin");
  if (origin === null || !settings.cors_origins.includes(origin)) return { vary: "origin" };
  return {
    vary: "origin",
    "access-control-allow-origin": origin,
    "access-control-expose-headers": "traceparent, x-region, x-version-id",
    "cross-origin-resource-policy": "cross-origin",
  };
}

/** The answer to OPTIONS; `cors` is what `corsHeaders` gave. */
export function preflight(cors: Readonly<Record<string, string>>, allow: string): Response {
  const granted = "access-control-allow-origin" in cors;
  const permissions = {
    "access-control-allow-methods": "POST",
    "access-control-allow-headers": "content-type, traceparent, tracestate",
    "access-control-max-age": "600",
  };
  return new Response(null, { status: 204, headers: { allow, ...(granted ? permissions : {}) } });
}
