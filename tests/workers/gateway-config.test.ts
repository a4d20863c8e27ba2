// SPDX-License-Identifier: GPL-3.0-or-later
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { event, gateway, inline, lines, post, putConfig, start, until, type Running } from "./support/workers.ts";

describe("gateway: the config document", () => {
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

  describe("invalid", () => {
    const region = (at: number) => `r${at}`;
    let edge: Running;
    before(async () => {
      edge = await start(refused.map((_, at) => gateway({}, region(at))));
      for (const [at, [, document]] of refused.entries()) await putConfig(edge, document, `acme-${region(at)}-gateway`);
    });
    after(() => edge.stop());

    for (const [at, [name, , reason]] of refused.entries()) {
      test(`${name}: 503 with the reason`, async () => {
        const worker = `acme-${region(at)}-gateway`;
        const health = await edge.askWorker(worker, "/healthz");
        assert.equal(health.status, 503);
        assert.equal(health.body.status, "unavailable");
        assert.match(health.body.problems.join("\n"), reason);
        assert.equal(health.headers.get("retry-after"), "5");
        const answer = await edge.askWorker(worker, "/v1/events", post(event()));
        assert.equal(answer.status, 503);
        assert.equal(answer.headers.get("retry-after"), "5");
      });
    }
  });

  test("absent: 503 until it is written", async () => {
    await using edge = await start([gateway()]);
    const health = await edge.ask("/healthz");
    assert.equal(health.status, 503);
    assert.deepEqual(health.body.problems, ["the namespace CONFIG has neither a key head nor a key config"]);
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
    if (key === "head") return null;
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
  const PAIRS = 9;
  let edge: Running;
  let taken = 0;
  before(async () => {
    const pair = (at: number) => [
      gateway({ kvNamespaces: {}, serviceBindings: { CONFIG: { name: `kv${at}`, entrypoint: "Namespace" } } } as never, `r${at}`),
      { name: `kv${at}`, ...inline(FLAKY) },
    ];
    edge = await start(Array.from({ length: PAIRS }, (_, at) => pair(at)).flat());
  });
  after(() => edge.stop());

  /** A gateway that nobody has asked yet, and its namespace. */
  function make() {
    const at = taken++;
    assert.ok(at < PAIRS, "more pairs are needed");
    return {
      ask: (path: string, init?: Record<string, unknown>) => edge.askWorker(`acme-r${at}-gateway`, path, init),
      /** Changes what the namespace does; returns the reads it has seen. */
      set: async (mode: string): Promise<unknown[]> => (await edge.askWorker(`kv${at}`, `/?mode=${mode}`)).body,
    };
  }

  for (const mode of ["throw", "hang"]) {
    test(`${mode} from the beginning: 503, and it recovers`, async () => {
      const plane = make();
      await plane.set(mode);
      const begun = performance.now();
      const health = await plane.ask("/healthz");
      assert.equal(health.status, 503);
      assert.deepEqual(health.body.problems, ["the namespace CONFIG did not answer"]);
      assert.ok(performance.now() - begun < 20_000);
      assert.equal((await plane.ask("/v1/events", post(event()))).status, 503);
      await plane.set("ok");
      await until(async () => (await plane.ask("/healthz")).status === 200);
    });

    test(`${mode} after a good document: it stays in use, and health says stale`, async () => {
      const plane = make();
      const good = await plane.ask("/healthz");
      assert.equal(good.body.config.stale, false);
      await plane.set(mode);
      await until(async () => (await plane.ask("/healthz")).body.config?.stale === true);
      const health = await plane.ask("/healthz");
      assert.equal(health.status, 200);
      assert.equal(health.body.config.sha256, good.body.config.sha256);
      assert.ok(health.body.config.age_seconds >= 4);
      const answer = await plane.ask("/v1/events", post({ events: Array.from({ length: 8 }, () => event()) }));
      assert.match(answer.text, /at most 7 events/);
      await plane.set("ok");
      await until(async () => (await plane.ask("/healthz")).body.config.stale === false);
    });
  }

  for (const mode of ["garbage", "absent"]) {
    test(`${mode} after a good document: 503, as from a fresh isolate`, async () => {
      const plane = make();
      assert.equal((await plane.ask("/healthz")).status, 200);
      await plane.set(mode);
      await until(async () => (await plane.ask("/healthz")).status === 503);
    });
  }

  test("many requests cost one read in seconds, of the right key, with the platform's cache", async () => {
    const plane = make();
    await plane.ask("/healthz");
    await Promise.all(Array.from({ length: 50 }, () => plane.ask("/v1/events", post(event()))));
    const reads = await plane.set("ok");
    assert.deepEqual(reads.slice(0, 2), [
      { key: "head", options: { type: "text", cacheTtl: 30 } },
      { key: "config", options: { type: "text", cacheTtl: 30 } },
    ]);
    assert.ok(reads.length <= 6, `${reads.length} reads`);
  });

  test("when the document is read again, one request waits and the others use what is there", async () => {
    const plane = make();
    await plane.ask("/healthz");
    await plane.set("hang");
    await new Promise((resolve) => setTimeout(resolve, 5_100));
    const answers = await Promise.all(Array.from({ length: 10 }, () => plane.ask("/healthz")));
    assert.ok(answers.every(({ status }) => status === 200));
    const reads = (await plane.set("ok")).filter((read) => (read as { key: string }).key === "config");
    assert.ok(reads.length === 2 || reads.length === 3, `${reads.length} reads`);
  });

  test("the log says what failed, without the platform's words", async () => {
    const plane = make();
    await plane.set("throw");
    await plane.ask("/healthz");
    await until(() =>
      lines(edge).some(({ level, message, reasons }) => {
        return level === "error" && message === "config unusable" && String(reasons) === "the namespace CONFIG did not answer";
      }),
    );
    assert.ok(!edge.output.join("\n").includes("canary-91ac"));
  });

});
