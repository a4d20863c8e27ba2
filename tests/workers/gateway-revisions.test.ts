// SPDX-License-Identifier: GPL-3.0-or-later
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { event, gateway, post, putConfig, start, until, type Running } from "./support/workers.ts";

type Documents = Record<string, string>;

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

function head(revision: number, documents: Documents, former: Documents = {}): string {
  return JSON.stringify({
    format: 1,
    revision,
    documents,
    former: { revision: Object.keys(former).length === 0 ? 0 : revision - 1, documents: former },
    lineage: [],
    settled: [],
    by: "a@b",
    at: "2026-01-01T00:00:00Z",
    why: "",
  });
}

async function put(edge: Running, key: string, value: string): Promise<void> {
  const namespace: { put(key: string, value: string): Promise<void> } = (await edge.mf.getKVNamespace("CONFIG")) as never;
  await namespace.put(key, value);
}

async function remove(edge: Running, key: string): Promise<void> {
  const namespace: { delete(key: string): Promise<void> } = (await edge.mf.getKVNamespace("CONFIG")) as never;
  await namespace.delete(key);
}

/** Stores a document under its hash, and answers the hash. */
async function store(edge: Running, document: unknown): Promise<string> {
  const text = JSON.stringify(document);
  await put(edge, `v/${sha256(text)}`, text);
  return sha256(text);
}

const batch = (size: number) => post({ events: Array.from({ length: size }, () => event()) });

describe("gateway: revisions", () => {
  test("the head goes before what a rollout wrote, and health shows the revision", async () => {
    await using edge = await start([gateway()]);
    await putConfig(edge, { max_batch: 2 });
    const wanted = await store(edge, { max_batch: 3 });
    await put(edge, "head", head(7, { gateway: wanted, flags: "0".repeat(64) }));
    const { body } = await edge.ask("/healthz");
    assert.equal(body.config.revision, 7);
    assert.equal(body.config.sha256, wanted);
    assert.equal((await edge.ask("/v1/events", batch(3))).status, 202);
    assert.equal((await edge.ask("/v1/events", batch(4))).status, 413);
  });

  test("a fresh isolate takes the former revision while a value is on its way, then the new one", async () => {
    await using edge = await start([gateway()]);
    const former = await store(edge, { max_batch: 2 });
    const text = JSON.stringify({ max_batch: 3 });
    await put(edge, "head", head(8, { gateway: sha256(text) }, { gateway: former }));
    const { body } = await edge.ask("/healthz");
    assert.deepEqual([body.config.revision, body.config.sha256], [7, former]);
    assert.equal((await edge.ask("/v1/events", batch(3))).status, 413);
    await put(edge, `v/${sha256(text)}`, text);
    await until(async () => (await edge.ask("/healthz")).body.config.revision === 8);
    assert.equal((await edge.ask("/v1/events", batch(3))).status, 202);
  });

  test("of the first revision, what a rollout wrote stands in", async () => {
    await using edge = await start([gateway()]);
    await putConfig(edge, { max_batch: 2 });
    await put(edge, "head", head(1, { gateway: "a".repeat(64) }));
    const { status, body } = await edge.ask("/healthz");
    assert.deepEqual([status, body.config.revision], [200, 0]);
  });

  test("bytes that don't fit their hash are never used", async () => {
    await using edge = await start([gateway()]);
    const former = await store(edge, { max_batch: 2 });
    await put(edge, `v/${"b".repeat(64)}`, JSON.stringify({ cors_origins: ["https://evil.example"] }));
    await put(edge, "head", head(8, { gateway: "b".repeat(64) }, { gateway: former }));
    const answer = await edge.ask("/v1/events", { ...batch(2), headers: { origin: "https://evil.example", "content-type": "application/json" } });
    assert.equal(answer.status, 202);
    assert.equal(answer.headers.get("access-control-allow-origin"), null);
    assert.equal((await edge.ask("/healthz")).body.config.revision, 7);
  });

  test("a revision whose values are all gone leaves the one in memory in use, and a fresh isolate says 503", async () => {
    await using edge = await start([gateway(), gateway({ kvNamespaces: { CONFIG: "acme-eu-config" } }, "us")]);
    const wanted = await store(edge, { max_batch: 3 });
    await put(edge, "head", head(8, { gateway: wanted }, { gateway: "c".repeat(64) }));
    assert.equal((await edge.ask("/healthz")).status, 200);
    await remove(edge, `v/${wanted}`);
    await put(edge, "head", head(9, { gateway: "d".repeat(64) }, { gateway: "e".repeat(64) }));
    await until(async () => (await edge.ask("/healthz")).body.config?.stale === true);
    assert.equal((await edge.ask("/v1/events", batch(3))).status, 202);
    assert.equal((await edge.askWorker("acme-us-gateway", "/healthz")).status, 503);
  });

  for (const [name, text] of Object.entries({
    garbage: "<html>",
    "another format": head(1, {}).replace('"format":1', '"format":2'),
    "no hash": head(1, { gateway: "x" }),
    "no gateway": head(1, { flags: "a".repeat(64) }),
    "deep nesting": "[".repeat(50_000),
  })) {
    test(`a head that is ${name}: 503 with the reason`, async () => {
      await using edge = await start([gateway()]);
      await putConfig(edge, {});
      await put(edge, "head", text);
      const { status, body } = await edge.ask("/healthz");
      assert.equal(status, 503);
      assert.match(body.problems[0], /the key head is not one that this gateway knows|revision 1 has no document gateway/);
    });
  }

  test("readers see one whole revision or another through a hundred changes in every order", { timeout: 60_000 }, async () => {
    await using edge = await start([gateway()]);
    const size = (revision: number) => (revision % 900) + 1;
    let former: Documents = {};
    for (let revision = 1; revision <= 100; revision++) {
      const text = JSON.stringify({ max_batch: size(revision), labels: { revision: String(revision) } });
      const documents = { gateway: sha256(text) };
      const writes = [() => put(edge, `v/${sha256(text)}`, text), () => put(edge, "head", head(revision, documents, former))];
      // The platform keeps no order between keys: half of the heads arrive before their values.
      for (const write of revision % 2 === 0 ? writes : writes.reverse()) {
        await write();
        if (revision % 10 === 0 && revision > 10) {
          const { config } = (await edge.ask("/healthz")).body;
          const seen = JSON.stringify({ max_batch: size(config.revision), labels: { revision: String(config.revision) } });
          assert.equal(config.sha256, sha256(seen), `revision ${config.revision}`);
        }
      }
      former = documents;
    }
  });
});
