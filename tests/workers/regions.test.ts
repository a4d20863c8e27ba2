// SPDX-License-Identifier: GPL-3.0-or-later
// front, two gateways and a sink each, together.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { front, REGIONS, services } from "./support/regions.ts";
import { event, gateway, post, putConfig, Sink, start, type Running } from "./support/workers.ts";

const TWO = REGIONS.slice(0, 2);
const EUROPE = { cf: { country: "FR", continent: "EU" } };

describe("front and two gateways", () => {
  let edge: Running;
  const sinks = { eu: new Sink(), us: new Sink() };
  before(async () => {
    edge = await start([
      front({ regions: TWO, default: "eu" }, services(TWO)),
      gateway({ serviceBindings: { SINK: sinks.eu.binding } } as never, "eu"),
      gateway({ serviceBindings: { SINK: sinks.us.binding } } as never, "us"),
    ]);
    await putConfig(edge, { cors_origins: ["https://a.example"] }, "acme-eu-gateway");
    await putConfig(edge, {}, "acme-us-gateway");
  });
  beforeEach(() => {
    for (const sink of Object.values(sinks)) {
      sink.status = 200;
      sink.batches.length = 0;
    }
  });
  after(() => edge.stop());

  test("an event of Europe arrives in Europe's sink, with one trace", async () => {
    const sent = event();
    const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    const answer = await edge.ask("/v1/events", { ...post(sent, { traceparent: `00-${trace}-00f067aa0ba902b7-01` }), ...EUROPE });
    assert.deepEqual([answer.status, answer.body], [202, { accepted: 1 }]);
    assert.equal(answer.headers.get("x-region"), "eu");
    assert.notEqual(answer.headers.get("x-version-id"), null);
    assert.notEqual(answer.headers.get("x-version-id"), answer.headers.get("x-front-version-id"));
    assert.equal(answer.headers.get("traceparent")?.split("-")[1], trace);
    assert.deepEqual([sinks.eu.ids, sinks.us.ids], [[sent["id"]], []]);
  });

  test("when Europe cannot take it, America does, with the same id", async () => {
    sinks.eu.status = 500;
    const sent = event();
    const answer = await edge.ask("/v1/events", { ...post(sent), ...EUROPE });
    assert.deepEqual([answer.status, answer.headers.get("x-region"), answer.headers.get("x-front-attempts")], [202, "us", "2"]);
    assert.deepEqual([sinks.eu.ids, sinks.us.ids], [[sent["id"]], [sent["id"]]]);
  });

  test("when nobody can, the client learns when to repeat", async () => {
    sinks.eu.status = sinks.us.status = 500;
    const answer = await edge.ask("/v1/events", { ...post(event()), ...EUROPE });
    assert.deepEqual([answer.status, answer.headers.get("retry-after"), answer.headers.get("x-front-attempts")], [503, "5", "2"]);
  });

  test("an invalid event is refused by the first region alone", async () => {
    const answer = await edge.ask("/v1/events", { ...post(event({ id: "" })), ...EUROPE });
    assert.deepEqual([answer.status, answer.headers.get("x-front-attempts")], [400, "1"]);
  });

  test("a probe goes through both and stays out of the sinks", async () => {
    const answer = await edge.ask("/v1/events", { ...post(event(), { "x-probe": "1" }), ...EUROPE });
    assert.equal(answer.status, 202);
    assert.deepEqual([...sinks.eu.ids, ...sinks.us.ids], []);
  });

  test("CORS is the gateway's", async () => {
    const answer = await edge.ask("/v1/events", { ...post(event(), { origin: "https://a.example" }), ...EUROPE });
    assert.equal(answer.headers.get("access-control-allow-origin"), "https://a.example");
  });

  test("front's health is its own", async () => {
    const { headers, body } = await edge.ask("/healthz", EUROPE);
    assert.equal(body.worker, "front");
    assert.equal(headers.get("x-version-id"), headers.get("x-front-version-id"));
  });
});
