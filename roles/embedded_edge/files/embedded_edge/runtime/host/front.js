// SPDX-License-Identifier: GPL-3.0-or-later
// The front door: what the platform's network does before a Worker sees a request.

import { Refusal, load, resolve } from "./load.js";

const CF_HEADER = "x-embedded-cf";
const CF_DEFAULTS = { colo: "LOCAL", httpProtocol: "HTTP/1.1", tlsVersion: "", tlsCipher: "", timezone: "UTC" };

export default {
  async fetch(request) {
    const ray = crypto.randomUUID().replaceAll("-", "").slice(0, 16);
    try {
      const { hostname, pathname } = new URL(request.url);
      const found = await resolve(request.headers, { hostname, path: pathname });
      return await load(found).getEntrypoint().fetch(asSeenByWorker(request, ray));
    } catch (error) {
      return error instanceof Refusal ? error.response() : exception(error, request, ray);
    }
  },
};

function asSeenByWorker(request, ray) {
  const cf = { ...CF_DEFAULTS, ...testCf(request.headers.get(CF_HEADER)) };
  const headers = new Headers(request.headers);
  headers.delete(CF_HEADER);
  headers.delete("cf-ipcountry");
  headers.set("cf-connecting-ip", "127.0.0.1");
  headers.set("cf-ray", `${ray}-${cf.colo}`);
  headers.set("cf-visitor", '{"scheme":"http"}');
  headers.set("x-forwarded-proto", "http");
  if (cf.country) headers.set("cf-ipcountry", cf.country);
  return new Request(request, { headers, cf });
}

function testCf(text) {
  if (text === null) return {};
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    value = null;
  }
  if (value !== null && typeof value === "object" && !Array.isArray(value)) return value;
  throw new Refusal(400, `embedded edge: header ${CF_HEADER} must hold a JSON object like {"country":"DE"}.\n`);
}

// The answer stays as bare as the platform's: an exception's text may hold anything, so it goes to the log only
// (by tail.js, but for a Worker that didn't start).
function exception(error, request, ray) {
  if (error.message.startsWith("embedded edge:")) return new Refusal(503, `${error.message}\n`).response();
  if (!error.remote) console.error(`${new URL(request.url).hostname} (ray ${ray}): ${error.message}`);
  const text = `error code: 1101\nWorker threw exception (ray ${ray}; the exception is in workerd.log of the state directory)\n`;
  return new Response(text, { status: 500, headers: { "cf-ray": ray } });
}
