// SPDX-License-Identifier: GPL-3.0-or-later
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { event, gateway, inline, lines, post, putConfig, start, until, type Running } from "./support/workers.ts";

describe("gateway: the config document", { concurrency: 4 }, () => {
  const refused: [string, unknown, RegExp][] = [
    ["garbage", "<html>error</html>", /must be valid JSON/],
    ["empty text", "", /must be valid JSON/],
    ["half of it", '{"max_batch":', /must be valid JSON/],
    ["NaN", '{"sample_rate":NaN}', /must be valid JSON/],
    ["deep nesting", "[".repeat(100_000), /deeper than 8/],
    ["a list", "[]", /must be an object/],
    ["null", "null", /must be an object/],
    ["a text", '"x"', /must be an object/],
    ["too much", { labels: { a: "x".repeat(300_000) } }, /larger than/],
    ["an unknown setting", { max_batches: 1 }, /at \/max_batches is not a known field/],
    ["a batch of nothing", { max_batch: 0 }, /at \/max_batch must be a whole number from 1 to 1000/],
    ["half an event", { max_batch: 1.5 }, /at \/max_batch/],
    ["a number as text", { max_event_bytes: "1024" }, /at \/max_event_bytes/],
    ["a rate above 1", { sample_rate: 1.01 }, /at \/sample_rate/],
    ["a rate that is null", { sample_rate: null }, /at \/sample_rate/],
    ["origins that are a text", { cors_origins: "https://a.example" }, /at \/cors_origins must be a list/],
    ["any origin", { cors_origins: ["*"] }, /at \/cors_origins\/0/],
    ["an origin with a path", { cors_origins: ["https://a.example/"] }, /at \/cors_origins\/0/],
    ["an unknown level", { log_level: "trace" }, /at \/log_level must be one of/],
    ["types in upper case", { accept: ["Click"] }, /at \/accept\/0/],
    ["labels that are a list", { labels: ["a"] }, /at \/labels must be an object/],
    ["labels that are not text", { labels: { a: 1 } }, /at \/labels\/a must be a string/],
  ];

  for (const [name, document, reason] of refused) {
    test(`${name}: 503 with the reason`, async () => {
      await using edge = await start([gateway()]);
      await putConfig(edge, document);
      const health = await edge.ask("/healthz");
      assert.equal(health.status, 503);
      assert.equal(health.body.status, "unavailable");
      assert.match(health.body.problems.join("\n"), reason);
      assert.equal(health.headers.get("retry-after"), "5");
      const answer = await edge.ask("/v1/events", post(event()));
      assert.equal(answer.status, 503);
      assert.equal(answer.headers.get("retry-after"), "5");
    });
  }

  test("absent: 503 until it is written", async () => {
    await using edge = await start([gateway()]);
    const health = await edge.ask("/healthz");
    assert.equal(health.status, 503);
    assert.deepEqual(health.body.problems, ["the namespace CONFIG has no key config"]);
    await putConfig(edge, {});
    await until(async () => (await edge.ask("/healthz")).status === 200);
  });

  test("an empty document means the defaults", async () => {
    await using edge = await start([gateway()]);
    await putConfig(edge, "{}");
    for (const type of ["impression", "click", "conversion", "view"]) {
      assert.equal((await edge.ask("/v1/events", post(event({ type })))).status, 202, type);
    }
    assert.equal((await edge.ask("/v1/events", post({ events: Array.from({ length: 101 }, () => event()) }))).status, 413);
    const attributes = Object.fromEntries(Array.from({ length: 80 }, (_, at) => [`a${at}`, "x".repeat(250)]));
    assert.equal((await edge.ask("/v1/events", post(event({ attributes })))).status, 413);
  });

  test("a new document takes effect within seconds", async () => {
    await using edge = await start([gateway()]);
    await putConfig(edge, { accept: ["click"] });
    assert.equal((await edge.ask("/v1/events", post(event({ type: "lead" })))).status, 400);
    await putConfig(edge, { accept: ["lead"] });
    await until(async () => (await edge.ask("/v1/events", post(event({ type: "lead" })))).status === 202);
  });
});

// A namespace that does as it is told, and counts.
const FLAKY = `
import { WorkerEntrypoint } from "cloudflare:workers";
let mode = "ok", reads = [];
export class Namespace extends WorkerEntrypoint {
  async get(key, options) {
    reads.push({ key, options });
    if (mode === "throw") throw new Error("KV GET failed: 503 canary-91ac");
    if (mode === "hang") await new Promise((resolve) => setTimeout(resolve, 60_000));
    return mode === "absent" ? null : mode === "garbage" ? "{" : '{"max_batch":7}';
  }
}
export default {
  async fetch(request) {
    const wanted = new URL(request.url).searchParams.get("mode");
    if (wanted) mode = wanted;
    return Response.json(reads);
  }
};`;

describe("gateway: a namespace that fails", { concurrency: true }, () => {
  interface Flaky extends Running {
    set(mode: string): Promise<{ key: string; options: unknown }[]>;
  }

  async function flaky(): Promise<Flaky> {
    const plane = gateway({ kvNamespaces: {}, serviceBindings: { CONFIG: { name: "kv", entrypoint: "Namespace" } } } as never);
    const edge = await start([plane, { name: "kv", ...inline(FLAKY) }]);
    const control = (await edge.mf.getWorker("kv")) as unknown as { fetch(url: string): Promise<{ json(): Promise<any> }> };
    return { ...edge, set: async (mode) => (await control.fetch(`http://kv/?mode=${mode}`)).json() };
  }

  let edges: Flaky[] = [];
  const make = async (): Promise<Flaky> => {
    const edge = await flaky();
    edges.push(edge);
    return edge;
  };
  after(() => Promise.all(edges.map((edge) => edge.stop())));

  for (const mode of ["throw", "hang"]) {
    test(`${mode} from the beginning: 503, and it recovers`, async () => {
      const edge = await make();
      await edge.set(mode);
      const begun = performance.now();
      const health = await edge.ask("/healthz");
      assert.equal(health.status, 503);
      assert.deepEqual(health.body.problems, ["the namespace CONFIG did not answer"]);
      assert.ok(performance.now() - begun < 4000);
      assert.equal((await edge.ask("/v1/events", post(event()))).status, 503);
      await edge.set("ok");
      await until(async () => (await edge.ask("/healthz")).status === 200);
    });

    test(`${mode} after a good document: it stays in use, and health says stale`, async () => {
      const edge = await make();
      const good = await edge.ask("/healthz");
      assert.equal(good.body.config.stale, false);
      await edge.set(mode);
      await until(async () => (await edge.ask("/healthz")).body.config?.stale === true, 12_000);
      const health = await edge.ask("/healthz");
      assert.equal(health.status, 200);
      assert.equal(health.body.config.sha256, good.body.config.sha256);
      assert.ok(health.body.config.age_seconds >= 4);
      const answer = await edge.ask("/v1/events", post({ events: Array.from({ length: 8 }, () => event()) }));
      assert.match(answer.text, /at most 7 events/);
      await edge.set("ok");
      await until(async () => (await edge.ask("/healthz")).body.config.stale === false, 12_000);
    });
  }

  for (const mode of ["garbage", "absent"]) {
    test(`${mode} after a good document: 503, as from a fresh isolate`, async () => {
      const edge = await make();
      assert.equal((await edge.ask("/healthz")).status, 200);
      await edge.set(mode);
      await until(async () => (await edge.ask("/healthz")).status === 503, 12_000);
    });
  }

  test("many requests cost one read in seconds, of the right key, with the platform's cache", async () => {
    const edge = await make();
    await edge.ask("/healthz");
    await Promise.all(Array.from({ length: 50 }, () => edge.ask("/v1/events", post(event()))));
    assert.deepEqual(await edge.set("ok"), [{ key: "config", options: { type: "text", cacheTtl: 30 } }]);
  });

  test("when the document is read again, one request waits and the others use what is there", async () => {
    const edge = await make();
    await edge.ask("/healthz");
    await edge.set("hang");
    await new Promise((resolve) => setTimeout(resolve, 5_100));
    const answers = await Promise.all(Array.from({ length: 10 }, () => edge.ask("/healthz")));
    assert.ok(answers.every(({ status }) => status === 200));
    assert.equal((await edge.set("ok")).length, 2);
  });

  test("the log says what failed, without the platform's words", async () => {
    const edge = await make();
    await edge.set("throw");
    await edge.ask("/healthz");
    await until(() => lines(edge).some((line) => line.message === "config unusable"));
    const line = lines(edge).find((entry) => entry.message === "config unusable");
    assert.deepEqual([line?.level, line?.["reasons"]], ["error", ["the namespace CONFIG did not answer"]]);
    assert.ok(!edge.output.join("\n").includes("canary-91ac"));
  });

});
