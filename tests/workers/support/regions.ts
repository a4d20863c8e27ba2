// SPDX-License-Identifier: GPL-3.0-or-later
// A front with stand-ins for the gateways, which do what the request's x-test-<region> header says.
import type { WorkerOptions } from "miniflare";
import { inline, script } from "./workers.ts";

const STAND_IN = `
export default {
  async fetch(request, env) {
    const mode = request.headers.get("x-test-" + env.REGION) ?? "200";
    if (mode === "throw") throw new Error("canary-7d");
    if (mode === "hang") await new Promise((resolve) => setTimeout(resolve, 60_000));
    const { url, method, cf } = request;
    const seen = { region: env.REGION, url, method, cf, headers: Object.fromEntries(request.headers), text: await request.text() };
    const headers = { "x-version-id": "version-" + env.REGION, "x-region": env.REGION, "retry-after": "9" };
    const status = Number(mode);
    return status === 204 || method === "HEAD" ? new Response(null, { status, headers }) : Response.json(seen, { status, headers });
  }
};`;

export interface Region {
  name: string;
  binding: string;
  continents?: string[];
  countries?: string[];
  fallback?: string[];
}

export const REGIONS: Region[] = [
  { name: "eu", binding: "GATEWAY_EU", continents: ["EU", "AF"], countries: [] },
  { name: "us", binding: "GATEWAY_US", continents: ["NA", "SA"], countries: ["GB"] },
  { name: "ap-south", binding: "GATEWAY_AP_SOUTH", continents: ["AS", "OC"], countries: ["IN"] },
];

export function front(routes: unknown, services: Record<string, unknown>, more: Record<string, unknown> = {}): WorkerOptions {
  return {
    name: "acme-front",
    ...script("front"),
    bindings: { TENANT: "acme", RELEASE: "1.2.3", ROUTES: routes, ...more },
    versionMetadata: "VERSION",
    serviceBindings: services,
  } as WorkerOptions;
}

export function standIn(region: string): WorkerOptions {
  return { name: `acme-${region}-gateway`, ...inline(STAND_IN), bindings: { REGION: region } };
}

export function services(regions: readonly Region[] = REGIONS): Record<string, string> {
  return Object.fromEntries(regions.map(({ name, binding }) => [binding, `acme-${name}-gateway`]));
}
