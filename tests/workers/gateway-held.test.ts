// SPDX-License-Identifier: GPL-3.0-or-later
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { gateway, inline, putConfig, start, type Running } from "./support/workers.ts";

const VALUE = "canary/held+81=";
const PLAIN = { TENANT: "acme", REGION: "eu", ENVIRONMENT: "test", RELEASE: "1" };
/** Stands in for a store: `get` as a Secrets Store's binding has it. */
const STORE = `
import { WorkerEntrypoint } from "cloudflare:workers";
export default { fetch: () => new Response("") };
const answering = (get) => class extends WorkerEntrypoint { get() { return get(); } };
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
    for (const kind of ["bound", "stored", "relayed"]) assert.ok(!(kind in body), kind);
  });

  test("bound secrets are told with their versions, and those that are missing", async () => {
    const { bound } = await asked({ BOUND: { API_KEY: 3, GONE: 1, EMPTY: 2 }, API_KEY: VALUE, EMPTY: "" });
    assert.deepEqual(bound, {
      API_KEY: { version: 3 },
      GONE: { problem: "the binding GONE is missing" },
      EMPTY: { problem: "the binding EMPTY is missing" },
    });
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
});
