// SPDX-License-Identifier: GPL-3.0-or-later
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { event, gateway, inline, lines, post, putConfig, Sink, start, until, type Running } from "./support/workers.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

describe("gateway: with a sink", () => {
  let edge: Running;
  let sink: Sink;
  before(async () => {
    sink = new Sink();
    edge = await start([gateway({ serviceBindings: { SINK: sink.binding } } as never)]);
    await putConfig(edge, { labels: { team: "blue" } });
  });
  beforeEach(() => {
    sink.status = 200;
    sink.batches.length = sink.headers.length = 0;
  });
  after(() => edge.stop());

  test("it gets the events and where they come from", async () => {
    const sent = [event({ campaign: "\u00fcber" }), event({ value: 2, currency: "EUR" })];
    assert.equal((await edge.ask("/v1/events", post({ events: sent }))).status, 202);
    assert.deepEqual(sink.batches, [
      { tenant: "acme", region: "eu", environment: "test", release: "1.2.3", labels: { team: "blue" }, events: sent },
    ]);
  });

  test("it gets the trace, with this hop as the parent, and the state unchanged", async () => {
    const headers = { traceparent: `00-${TRACE}-00f067aa0ba902b7-01`, tracestate: "rojo=00f067aa0ba902b7,congo@1=t61;x" };
    const answer = await edge.ask("/v1/events", post(event(), headers));
    assert.equal(sink.headers[0]?.get("traceparent"), answer.headers.get("traceparent"));
    assert.equal(sink.headers[0]?.get("tracestate"), headers.tracestate);
  });

  const dropped: [string, string, string][] = [
    ["without a valid traceparent", "00-x", "rojo=1"],
    ["that is malformed", `00-${TRACE}-00f067aa0ba902b7-01`, "no equals sign"],
    ["with too many members", `00-${TRACE}-00f067aa0ba902b7-01`, Array.from({ length: 33 }, (_, at) => `a${at}=1`).join(",")],
    ["that is huge", `00-${TRACE}-00f067aa0ba902b7-01`, Array.from({ length: 30 }, (_, at) => `a${at}=${"x".repeat(200)}`).join(",")],
  ];
  for (const [name, traceparent, tracestate] of dropped) {
    test(`a tracestate ${name} is dropped`, async () => {
      assert.equal((await edge.ask("/v1/events", post(event(), { traceparent, tracestate }))).status, 202);
      assert.equal(sink.headers[0]?.get("tracestate"), null);
    });
  }

  test("no header of the client reaches it", async () => {
    await edge.ask("/v1/events", post(event(), { authorization: "Bearer canary-77", cookie: "a=canary-77", "x-tenant": "other" }));
    assert.ok(!JSON.stringify([...(sink.headers[0] ?? [])]).includes("canary-77"));
    assert.equal(sink.headers[0]?.get("x-tenant"), null);
    assert.equal(sink.batches[0].tenant, "acme");
  });

  test("a probe does not reach it", async () => {
    assert.deepEqual((await edge.ask("/v1/events", post(event(), { "x-probe": "1" }))).body, { accepted: 1 });
    assert.deepEqual(sink.batches, []);
  });

  test("any other x-probe is no probe", async () => {
    await edge.ask("/v1/events", post(event(), { "x-probe": "0" }));
    assert.equal(sink.batches.length, 1);
  });

  test("a refused batch does not reach it, not even its valid part", async () => {
    await edge.ask("/v1/events", post({ events: [event(), event({ id: "" })] }));
    assert.deepEqual(sink.batches, []);
  });

  for (const status of [302, 400, 429, 500]) {
    test(`when it answers ${status} the client is asked to repeat`, async () => {
      sink.status = status;
      const answer = await edge.ask("/v1/events", post(event()));
      assert.equal(answer.status, 503);
      assert.equal(answer.headers.get("retry-after"), "5");
      assert.equal(sink.batches.length, 1);
    });
  }

  test("health says that it is there", async () => {
    assert.equal((await edge.ask("/healthz")).body.sink, true);
  });
});

describe("gateway: a sink that fails", () => {
  for (const [name, body] of [
    ["throws", `throw new Error("canary-3b")`],
    ["hangs", `await new Promise((resolve) => setTimeout(resolve, 60_000))`],
  ]) {
    test(`${name}: 503 in time, and the log names the trace only`, async () => {
      const broken = { name: "sink", ...inline(`export default { async fetch() { ${body} } }`) };
      await using edge = await start([gateway({ serviceBindings: { SINK: "sink" } } as never), broken]);
      await putConfig(edge, {});
      const sent = event();
      const begun = performance.now();
      const answer = await edge.ask("/v1/events", post(sent));
      assert.equal(answer.status, 503, answer.text);
      assert.ok(performance.now() - begun < 20_000);
      await until(() => lines(edge).some((line) => line.message === "the sink failed"));
      const line = lines(edge).find((entry) => entry.message === "the sink failed");
      assert.equal(line?.["trace"], answer.headers.get("traceparent")?.split("-")[1]);
      assert.ok(!JSON.stringify(lines(edge)).includes("canary-3b"));
    });
  }
});

describe("gateway: without a sink", () => {
  let edge: Running;
  before(async () => {
    edge = await start([gateway()]);
    await putConfig(edge, {});
  });
  beforeEach(() => void (edge.output.length = 0));
  after(() => edge.stop());

  test("one line a batch: ids and counts, no values", async () => {
    const sent = [event({ campaign: "canary-c0", attributes: { a: "canary-a0" } }), event()];
    const answer = await edge.ask("/v1/events", post({ events: sent }));
    await until(() => edge.output.length > 0);
    assert.equal(edge.output.length, 1);
    assert.deepEqual(lines(edge), [
      {
        level: "info",
        message: "events accepted",
        trace: answer.headers.get("traceparent")?.split("-")[1],
        accepted: 2,
        forwarded: 2,
        ids: sent.map(({ id }) => id),
      },
    ]);
  });

  test("a probe leaves no line", async () => {
    await edge.ask("/v1/events", post(event(), { "x-probe": "1" }));
    await edge.ask("/v1/events", post(event({ id: "after" })));
    await until(() => edge.output.length > 0);
    assert.deepEqual(lines(edge).map((line) => line["ids"]), [["after"]]);
  });
});

describe("gateway: sampling", () => {
  const ids = Array.from({ length: 2000 }, (_, at) => `event-${at}`);

  async function kept(rate: number, region: string): Promise<string[]> {
    const sink = new Sink();
    await using edge = await start([gateway({ serviceBindings: { SINK: sink.binding } } as never, region)]);
    await putConfig(edge, { sample_rate: rate, max_batch: 1000 });
    for (const part of [ids.slice(0, 1000), ids.slice(1000)]) {
      const answer = await edge.ask("/v1/events", post({ events: part.map((id) => event({ id })) }));
      assert.deepEqual(answer.body, { accepted: 1000 });
    }
    return sink.ids;
  }

  test("0 keeps none, 1 keeps all", async () => {
    assert.deepEqual(await kept(0, "eu"), []);
    assert.deepEqual(await kept(1, "eu"), ids);
  });

  test("a quarter is about a quarter, the same one in every region, and within every larger sample", async () => {
    const quarter = await kept(0.25, "eu");
    assert.ok(quarter.length > 420 && quarter.length < 580, String(quarter.length));
    assert.deepEqual(await kept(0.25, "us"), quarter);
    const half = new Set(await kept(0.5, "eu"));
    assert.ok(quarter.every((id) => half.has(id)));
  });
});

describe("gateway: log levels", () => {
  const cases: [string, string[]][] = [
    ["debug", ["events accepted", "events refused"]],
    ["info", ["events accepted", "events refused"]],
    ["warn", ["events refused"]],
    ["error", []],
  ];
  let edge: Running;
  before(async () => {
    edge = await start(cases.map(([level]) => gateway({}, level)));
    for (const [level] of cases) await putConfig(edge, { log_level: level }, `acme-${level}-gateway`);
  });
  after(() => edge.stop());

  for (const [level, messages] of cases) {
    test(`${level} shows ${messages.join(" and ") || "neither"}`, async () => {
      edge.output.length = 0;
      await edge.askWorker(`acme-${level}-gateway`, "/v1/events", post(event()));
      await edge.askWorker(`acme-${level}-gateway`, "/v1/events", post("{"));
      await until(() => edge.output.length >= messages.length);
      await new Promise((resolve) => setTimeout(resolve, 100));
      assert.deepEqual(lines(edge).map((line) => line.message), messages);
    });
  }
});
