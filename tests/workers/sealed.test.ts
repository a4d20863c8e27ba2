// SPDX-License-Identifier: GPL-3.0-or-later
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, before, beforeEach, describe, test } from "node:test";
import { event, gateway, lines, post, putConfig, Sink, start, until, type Running } from "./support/workers.ts";

// Sealed by the collection's Python library; see tests/unit/plugins/module_utils/_secrets/test_secrets_envelope.py.
const VECTORS = JSON.parse(readFileSync(join(import.meta.dirname, "../vectors/sealed.json"), "utf8"));
const { ring, envelopes } = VECTORS;

describe("gateway: relayed secrets", () => {
  let edge: Running;
  let sink: Sink;
  before(() => void (sink = new Sink()));
  beforeEach(async () => {
    sink.headers.length = 0;
    edge = await start([
      gateway({
        serviceBindings: { SINK: sink.binding },
        bindings: { TENANT: "acme", REGION: "eu", ENVIRONMENT: "test", RELEASE: "1", SEALING_KEYS: JSON.stringify(ring), RELAYED: ["SINK_TOKEN"] },
      } as never),
    ]);
    await putConfig(edge, {});
  });
  afterEach(() => edge.stop());

  const deliver = async (envelope: unknown): Promise<void> => {
    const namespace: { put(key: string, value: string): Promise<void> } = (await edge.mf.getKVNamespace("CONFIG")) as never;
    await namespace.put("sealed/SINK_TOKEN", typeof envelope === "string" ? envelope : JSON.stringify(envelope));
  };
  const sent = async (): Promise<string | null | undefined> => {
    assert.equal((await edge.ask("/v1/events", post(event()))).status, 202);
    return sink.headers[0]?.get("authorization");
  };
  const told = async () => (await edge.ask("/healthz")).body.relayed.SINK_TOKEN;

  test("what Python sealed opens, arrives at the sink, and is nowhere else", async () => {
    await deliver(envelopes.good);
    assert.equal(await sent(), `Bearer ${VECTORS.value}`);
    const health = await edge.ask("/healthz");
    assert.equal(health.status, 200);
    assert.deepEqual(health.body.relayed, { SINK_TOKEN: { version: 2, key: ring.current } });
    assert.ok(!health.text.includes(VECTORS.value));
    assert.ok(!edge.output.join("\n").includes(VECTORS.value));
  });

  test("what was sealed to the key before the current one opens as well", async () => {
    await deliver(envelopes.before);
    assert.equal(await sent(), `Bearer ${VECTORS.value}`);
  });

  const good = envelopes.good;
  const flipped = (text: string) => (text.startsWith("A") ? "B" : "A") + text.slice(1);
  const refused: [string, unknown, RegExp][] = [
    ["that is no JSON", "{", /malformed/],
    ["with a field too many", { ...good, extra: 1 }, /malformed/],
    ["with a version in words", { ...good, version: "2" }, /malformed/],
    ["with base64 of an impossible length", { ...good, sealed: "AAAAA" }, /the envelope is malformed/],
    ["with a signature of an impossible length", { ...good, signature: "A" }, /the envelope is malformed/],
    ["with padding in the middle", { ...good, sealed: "AA==AAAA" }, /the envelope is malformed/],
    ["with nothing in it", { ...good, sealed: "" }, /the envelope is malformed/],
    ["of 200 KiB", { ...good, sealed: "A".repeat(200 * 1024) }, /too large/],
    ["of another tenant", envelopes.tenant, /another tenant/],
    ["of another region", envelopes.region, /another region/],
    ["of another Worker", envelopes.worker, /another worker/],
    ["of another name", envelopes.name, /another name/],
    ["relabelled to this tenant", { ...envelopes.tenant, tenant: "acme" }, /signature/],
    ["relabelled to this name", { ...envelopes.name, name: "SINK_TOKEN" }, /signature/],
    ["with another version number", { ...good, version: 3 }, /signature/],
    ["with another sequence", { ...good, sequence: 99 }, /signature/],
    ["relabelled to another of its keys", { ...good, key: envelopes.before.key }, /signature/],
    ["sealed to an unknown key", envelopes.key, /does not have/],
    ["signed by a stranger", envelopes.signer, /does not know/],
    ["with a flipped bit", { ...good, sealed: flipped(good.sealed) }, /signature/],
    ["with a flipped signature", { ...good, signature: flipped(good.signature) }, /signature/],
    ["with a short signature", { ...good, signature: "AAAA" }, /signature/],
    ["named after a builtin", { ...good, key: "constructor" }, /does not have/],
  ];
  for (const [name, envelope, why] of refused) {
    test(`an envelope ${name} is refused and logged`, async () => {
      await deliver(envelope);
      assert.equal(await sent(), null);
      assert.match((await told()).problem, why);
      assert.ok(lines(edge).some((line) => line.message === "relayed secret refused" && why.test(String(line["reason"]))));
      assert.ok(!edge.output.join("\n").includes(VECTORS.value));
      });
  }

  test("an older envelope that is put back is refused where the newer one was opened, which stays in use", async () => {
    await deliver(envelopes.good);
    assert.equal(await sent(), `Bearer ${VECTORS.value}`);
    await deliver(envelopes.older);
    await until(async () => /older than one/.test((await told()).problem ?? ""));
    assert.deepEqual([(await told()).version, await sent()], [2, `Bearer ${VECTORS.value}`]);
  });

  test("before anything is delivered the plane serves without it", async () => {
    assert.equal(await sent(), null);
    assert.match((await told()).problem, /not delivered/);
  });
});
