// SPDX-License-Identifier: GPL-3.0-or-later
// Asked by the Python side only, over a socket of its own: "do you answer?" and "does this version start?".

import { WorkerEntrypoint, env } from "cloudflare:workers";
import { workerCode } from "./load.js";

const PREFIX = /^Failed to start Worker:\s*/;

export class Control extends WorkerEntrypoint {
  async fetch(request) {
    if (request.method === "GET") return new Response("ok");
    return new Response(JSON.stringify(await check(await request.json())));
  }
}

async function check(definition) {
  try {
    const worker = env.LOADER.load(workerCode(definition));
    const answer = await worker.getEntrypoint("EmbeddedEdgeInspector").fetch("http://check/");
    return { ok: true, ...(await answer.json()) };
  } catch (error) {
    return { ok: false, message: error.message.replace(PREFIX, "") };
  }
}
