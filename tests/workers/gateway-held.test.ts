// SPDX-License-Identifier: GPL-3.0-or-later
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { afterEach, describe, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { gateway, inline, putConfig, start, type Running } from "./support/workers.ts";

const VALUE = "canary/held+81=";
const PLAIN = { TENANT: "acme", REGION: "eu", ENVIRONMENT: "test", RELEASE: "1" };
/** Stands in for a store: `get` as a Secrets Store's binding has it. */
const STORE = `
import { WorkerEntrypoint } from "cloudflare:workers";
export default { fetch: () => new Response("") };
const answering = (get) => class extends WorkerEntrypoint { get() { return get(); } };
let asked = 0;
export class Counting extends WorkerEntrypoint { async get() { asked += 1; await scheduler.wait(300); return "value " + asked; } }
export class Asked extends WorkerEntrypoint { fetch() { return new Response(String(asked)); } }
export const Given = answering(() => ${JSON.stringify(VALUE)});
export const Empty = answering(() => "");
export const Refused = answering(() => { throw new Error("there is no ${VALUE}"); });
export const Silent = answering(() => new Promise(() => setInterval(() => undefined, 1000)));
`;

describe("gateway: which secrets it has", () => {
  let edge: Running;
  afterEach(() => edge.stop());

  const asked = async (bindings: object, stored: Record<string, string> = {}) => {
    const services = Object.fromEntries(Object.entries(stored).map(([name, entrypoint]) => [name, { name: "store", entrypoint }]));
    edge = await start([gateway({ bindings: { ...PLAIN, ...bindings }, serviceBindings: services } as never), { name: "store", ...inline(STORE) }]);
    await putConfig(edge, {});
    const { status, body, text } = await edge.ask("/healthz");
    assert.equal(status, 200);
    assert.ok(!text.includes(VALUE));
    return body;
  };

  test("it says nothing of secrets where none are declared", async () => {
    const body = await asked({});
    for (const kind of ["bound", "stored", "relayed", "resident"]) assert.ok(!(kind in body), kind);
  });

  test("bound secrets are told with their versions, and those that are missing", async () => {
    const { bound } = await asked({ BOUND: { API_KEY: 3, GONE: 1, EMPTY: 2 }, API_KEY: VALUE, EMPTY: "" });
    assert.deepEqual(bound, {
      API_KEY: { version: 3 },
      GONE: { problem: "the binding GONE is missing" },
      EMPTY: { problem: "the binding EMPTY is missing" },
    });
  });

  test("resident secrets are told by their connectors, and a binding that can't be read", async () => {
    const { d, x } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
    const key = { kty: "OKP", crv: "Ed25519", kid: "k", x, d };
    const relay = { url: "http://127.0.0.1:1", key, references: { echo: VALUE, hidden: VALUE }, exposed: ["echo"] };
    const told = async (text: string) => (await asked({ RELAY: text }))["resident"];
    const problem = { RELAY: { problem: "the binding RELAY can't be read" } };
    assert.deepEqual(await told(JSON.stringify(relay)), { echo: {}, hidden: {} });
    await edge.stop();
    assert.deepEqual(await told(VALUE), problem);
    await edge.stop();
    assert.deepEqual(await told(JSON.stringify({ ...relay, key: { ...key, d: "AA" } })), problem);
  });

  test("secrets of a store are asked for, and a store that fails is told without its words", async () => {
    const names = { GIVEN: "Given", EMPTY: "Empty", REFUSED: "Refused", SILENT: "Silent" };
    const { stored } = await asked({ STORED: [...Object.keys(names), "TEXT"], TEXT: VALUE }, names);
    assert.deepEqual(stored, {
      GIVEN: {},
      EMPTY: { problem: "it is empty" },
      REFUSED: { problem: "the Secrets Store did not give it" },
      SILENT: { problem: "the Secrets Store did not give it" },
      TEXT: { problem: "it is no binding to a Secrets Store" },
    });
    assert.ok(!edge.output.join("\n").includes(VALUE));
  });

  test("a burst after the first answer asks the store once", { timeout: 30_000 }, async () => {
    await asked({ STORED: ["COUNTED"] }, { COUNTED: "Counting", ASKED: "Asked" });
    await wait(5_100); // as long as an answer is kept
    const burst = await Promise.all(Array.from({ length: 20 }, () => edge.ask("/healthz")));
    assert.deepEqual(new Set(burst.map(({ text }) => JSON.stringify(JSON.parse(text).stored))), new Set(['{"COUNTED":{}}']));
    await wait(400);
    const count = (await edge.mf.getBindings("acme-eu-gateway")) as unknown as { ASKED: { fetch(url: string): Promise<Response> } };
    assert.equal(await (await count.ASKED.fetch("http://store/")).text(), "2");
  });

  test("when it shall be brief it names no secret", async () => {
    const body = await asked({ HEALTH: "brief", BOUND: { API_KEY: 3 }, API_KEY: VALUE, STORED: ["GIVEN"], RELAYED: ["SINK_TOKEN"] }, { GIVEN: "Given" });
    assert.equal(body.status, "ok");
    for (const word of ["API_KEY", "GIVEN", "SINK_TOKEN", "bound", "stored", "relayed"]) assert.ok(!JSON.stringify(body).includes(word), word);
  });
});
