// SPDX-License-Identifier: GPL-3.0-or-later
// Where fetch() of a deployed Worker goes: to other deployed Workers and to this machine, nowhere else.

import { WorkerEntrypoint, env } from "cloudflare:workers";
import { Refusal, load, resolve } from "./load.js";

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

export class Outbound extends WorkerEntrypoint {
  async fetch(request) {
    const { hostname, pathname } = new URL(request.url);
    if (LOOPBACK.test(hostname)) return await env.LOOPBACK.fetch(request);
    return await load(await deployedAt(hostname, pathname, request.headers)).getEntrypoint().fetch(request);
  }

  connect() {
    throw new Error("embedded edge: connect() is refused: Workers here may use fetch() only.");
  }
}

async function deployedAt(hostname, path, headers) {
  try {
    return await resolve(headers, { hostname, path });
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 404) throw error;
    const allowed = "a hostname that a Worker is deployed at, localhost, 127.x.x.x or [::1]";
    throw new Error(`embedded edge: fetch to ${hostname} is refused: Workers here may reach ${allowed} only.`);
  }
}
