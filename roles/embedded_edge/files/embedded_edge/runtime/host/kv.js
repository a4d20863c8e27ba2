// SPDX-License-Identifier: GPL-3.0-or-later
// The KV namespace binding. Values, limits and expiry are the Python side's; this is the platform's calling shape.

import { WorkerEntrypoint } from "cloudflare:workers";
import { ask } from "./load.js";

const MAX_KEYS = 100;

const READERS = {
  text: (answer) => answer.text(),
  json: (answer) => answer.json(),
  arrayBuffer: (answer) => answer.arrayBuffer(),
  stream: (answer) => answer.body,
};

export class KvNamespace extends WorkerEntrypoint {
  async get(key, options) {
    if (Array.isArray(key)) return await several(key, options, async (one) => (await this.#read(one, options)).value);
    return (await this.#read(key, options)).value;
  }

  async getWithMetadata(key, options) {
    if (Array.isArray(key)) return await several(key, options, (one) => this.#read(one, options));
    return { ...(await this.#read(key, options)), cacheStatus: null };
  }

  async put(key, value, options = {}) {
    const body = typeof value === "number" ? String(value) : value;
    const query = given({
      expiration: options?.expiration,
      expiration_ttl: options?.expirationTtl,
      metadata: options?.metadata === undefined ? undefined : JSON.stringify(options.metadata),
    });
    await this.#call("PUT", "/kv", { key, ...query }, { method: "PUT", body });
  }

  async delete(key) {
    await this.#call("DELETE", "/kv", { key }, { method: "DELETE" });
  }

  async list(options = {}) {
    const { prefix, limit, cursor } = options ?? {};
    const query = given({ prefix: prefix ?? undefined, limit: limit ?? undefined, cursor: cursor ?? undefined });
    const page = await (await this.#call("LIST", "/kv/keys", query)).json();
    return { ...page, cacheStatus: null };
  }

  async #read(key, options) {
    const { type = "text", cacheTtl } = typeof options === "string" ? { type: options } : (options ?? {});
    const read = READERS[type];
    if (!read) throw new TypeError(`Unknown response type. Possible types are "${Object.keys(READERS).join('", "')}".`);
    const answer = await this.#call("GET", "/kv", { key, ...given({ cache_ttl: cacheTtl }) });
    if (answer.status === 204) return { value: null, metadata: null };
    return { value: await read(answer), metadata: JSON.parse(answer.headers.get("x-metadata")) };
  }

  async #call(verb, path, query, init) {
    const answer = await ask(path, { namespace: this.ctx.props.namespace, ...query }, init);
    if (!answer.ok) throw new Error(`KV ${verb} failed: ${answer.status} ${await answer.text()}`);
    return answer;
  }
}

function given(options) {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

async function several(keys, options, read) {
  const type = (typeof options === "string" ? options : options?.type) ?? "text";
  if (keys.length > MAX_KEYS) throw new Error(`KV GET_BULK failed: 400 You can request a maximum of ${MAX_KEYS} keys`);
  if (type !== "text" && type !== "json") {
    throw new Error(`KV GET_BULK failed: 400 "${type}" is not a valid type. Use "json" or "text"`);
  }
  return new Map(await Promise.all(keys.map(async (key) => [key, await read(key)])));
}
