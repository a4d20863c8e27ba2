// SPDX-License-Identifier: GPL-3.0-or-later
// Runs inside every deployed Worker's isolate, before its own code: what a dynamically loaded Worker lacks.

import { WorkerEntrypoint, env } from "cloudflare:workers";

const HANDLERS = ["fetch", "scheduled", "queue", "email", "tail", "tailStream", "trace", "connect"];
const CACHE_ENTRIES = 256;

export function prepare(stubs) {
  for (const [name, type] of stubs) env[name] = type === "analytics_engine" ? analytics : unsupported(name, type);
  const stores = new Map();
  const open = async (name) => stores.get(name) ?? stores.set(name, new Cache()).get(name);
  Object.defineProperty(globalThis, "caches", { value: { default: new Cache(), open }, configurable: true });
}

/** An entry point that tells the check which handlers the Worker has. */
export function inspector(user) {
  return class extends WorkerEntrypoint {
    fetch() {
      const found = typeof user.default === "function" ? user.default.prototype : (user.default ?? {});
      const handlers = HANDLERS.filter((name) => typeof found[name] === "function");
      const classes = Object.keys(user).filter((name) => name !== "default" && typeof user[name] === "function");
      return Response.json({ handlers, classes });
    }
  };
}

const analytics = { writeDataPoint() {} };

// Symbols and "then" must look absent, or merely logging or awaiting the binding would throw.
function unsupported(name, type) {
  const refuse = (member) => {
    const what = `binding ${name} has the type ${type}, which the embedded edge accepts but can't run`;
    throw new Error(`${what} (${member} was used)`);
  };
  const absent = (member) => typeof member === "symbol" || ["then", "toJSON", "constructor"].includes(member);
  return new Proxy({}, { get: (_, member) => (absent(member) ? undefined : () => refuse(member)) });
}

/** The part of the Cache API that Workers use, in this isolate's memory, bounded by the number of entries. */
class Cache {
  #entries = new Map();

  async match(request, { ignoreMethod = false } = {}) {
    const { method, url } = new Request(request);
    const entry = this.#entries.get(url);
    if (!entry || (method !== "GET" && !ignoreMethod)) return undefined;
    if (entry.until > Date.now()) return new Response(entry.body, entry);
    this.#entries.delete(url);
    return undefined;
  }

  async put(request, response) {
    const { method, url } = new Request(request);
    if (method !== "GET") throw new TypeError("Cannot cache response to non-GET request.");
    if (response.status === 206) throw new TypeError("Cannot cache response to a range request (206 Partial Content).");
    if (response.headers.get("vary")?.includes("*")) throw new TypeError("Cannot cache response with 'Vary: *' header.");
    const until = Date.now() + lifetime(response.headers) * 1000;
    const { status, statusText } = response;
    const headers = [...response.headers];
    const body = await response.arrayBuffer();
    this.#entries.delete(url);
    if (until <= Date.now()) return;
    this.#entries.set(url, { status, statusText, headers, body, until });
    if (this.#entries.size > CACHE_ENTRIES) this.#entries.delete(this.#entries.keys().next().value);
  }

  async delete(request) {
    return this.#entries.delete(new Request(request).url);
  }
}

function lifetime(headers) {
  const control = headers.get("cache-control") ?? "";
  if (/\b(no-store|no-cache|private)\b/i.test(control) || headers.has("set-cookie")) return 0;
  const age = /\bs-maxage=(\d+)/i.exec(control) ?? /\bmax-age=(\d+)/i.exec(control);
  if (age) return Number(age[1]);
  const expires = Date.parse(headers.get("expires") ?? "");
  return Number.isNaN(expires) ? 7200 : (expires - Date.now()) / 1000;
}
