// SPDX-License-Identifier: GPL-3.0-or-later
// A service binding: the target's version is chosen at each call, by the headers of that call as on the platform.

import { WorkerEntrypoint } from "cloudflare:workers";
import { load, resolve } from "./load.js";

// What the runtime itself looks for on an entry point; everything else is a method of the target.
const RESERVED = new Set(
  "connect tail trace tailStream scheduled alarm test webSocketMessage webSocketClose webSocketError self".split(" "),
);

export class ServiceBinding extends WorkerEntrypoint {
  constructor(ctx, env) {
    super(ctx, env);
    return new Proxy(this, { get: (binding, name) => member(binding, name) });
  }

  async fetch(request) {
    return await (await target(this.ctx.props, request.headers)).fetch(request);
  }
}

function member(binding, name) {
  if (typeof name === "symbol" || name in binding || RESERVED.has(name)) return Reflect.get(binding, name);
  return async (...values) => await (await target(binding.ctx.props, new Headers()))[name](...values);
}

async function target({ script, entrypoint }, headers) {
  return load(await resolve(headers, { script })).getEntrypoint(entrypoint);
}
