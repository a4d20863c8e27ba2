// SPDX-License-Identifier: GPL-3.0-or-later
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { event, gateway, post, putConfig, start, type Running } from "./support/workers.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";

describe("gateway: answers", () => {
  let edge: Running;
  let document: string;
  before(async () => {
    edge = await start([gateway()]);
    document = await putConfig(edge, { cors_origins: ["https://www.example.com"] });
  });
  after(() => edge.stop());

  const everywhere: [string, string, Record<string, unknown>, number][] = [
    ["health", "/healthz", {}, 200],
    ["health without a body", "/healthz", { method: "HEAD" }, 200],
    ["health by POST", "/healthz", { method: "POST" }, 405],
    ["events", "/v1/events", post(event()), 202],
    ["events by GET", "/v1/events", {}, 405],
    ["events by HEAD", "/v1/events", { method: "HEAD" }, 405],
    ["events by DELETE", "/v1/events", { method: "DELETE" }, 405],
    ["events, preflight", "/v1/events", { method: "OPTIONS" }, 204],
    ["invalid events", "/v1/events", post("{"), 400],
    ["an unknown path", "/v1/config", {}, 404],
    ["a path with a slash more", "/healthz/", {}, 404],
    ["a path in upper case", "/HEALTHZ", {}, 404],
    ["an encoded path", "/%68ealthz", {}, 404],
    ["a property of objects", "/__proto__", {}, 404],
    ["a query", "/healthz?x=1", {}, 200],
  ];
  for (const [name, path, init, status] of everywhere) {
    test(`${name}: ${status} and every header`, async () => {
      const answer = await edge.ask(path, init);
      assert.equal(answer.status, status, answer.text);
      assert.match(answer.headers.get("x-version-id") ?? "", /^[0-9a-f-]{36}$/);
      assert.equal(answer.headers.get("x-tenant"), "acme");
      assert.equal(answer.headers.get("x-region"), "eu");
      assert.equal(answer.headers.get("x-release"), "1.2.3");
      assert.match(answer.headers.get("traceparent") ?? "", /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$/);
      assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
      assert.equal(answer.headers.get("cache-control"), "no-store");
      assert.equal(answer.headers.get("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
      assert.equal(answer.headers.get("referrer-policy"), "no-referrer");
      assert.match(answer.headers.get("strict-transport-security") ?? "", /^max-age=\d+/);
      if (init["method"] === "HEAD" || status === 204) assert.equal(answer.text, "");
      else assert.match(answer.headers.get("content-type") ?? "", /^application\/json/);
    });
  }

  test("405 says what is allowed", async () => {
    assert.equal((await edge.ask("/v1/events")).headers.get("allow"), "POST, OPTIONS");
    assert.equal((await edge.ask("/healthz", { method: "PUT" })).headers.get("allow"), "GET, HEAD");
  });

  test("health shows who answers and the digest of the document, not the document", async () => {
    const { body, text } = await edge.ask("/healthz");
    assert.equal(body.status, "ok");
    assert.deepEqual([body.tenant, body.region, body.environment, body.release], ["acme", "eu", "test", "1.2.3"]);
    assert.equal(body.config.sha256, createHash("sha256").update(document).digest("hex"));
    assert.equal(body.config.stale, false);
    assert.equal(body.sink, false);
    assert.ok(!text.includes("example.com"));
  });

  test("an allowed origin gets CORS headers, also with an error", async () => {
    for (const init of [post(event()), post("{")]) {
      (init["headers"] as Record<string, string>)["origin"] = "https://www.example.com";
      const { headers } = await edge.ask("/v1/events", init);
      assert.equal(headers.get("access-control-allow-origin"), "https://www.example.com");
      assert.equal(headers.get("cross-origin-resource-policy"), "cross-origin");
      assert.equal(headers.get("vary"), "origin");
      assert.equal(headers.get("access-control-allow-credentials"), null);
    }
  });

  test("a preflight is granted to an allowed origin", async () => {
    const headers = { origin: "https://www.example.com", "access-control-request-method": "POST" };
    const answer = await edge.ask("/v1/events", { method: "OPTIONS", headers });
    assert.equal(answer.headers.get("access-control-allow-methods"), "POST");
    assert.match(answer.headers.get("access-control-allow-headers") ?? "", /content-type/);
    assert.equal(answer.headers.get("access-control-max-age"), "600");
  });

  for (const origin of ["https://example.com", "https://www.example.com.evil.test", "https://WWW.example.com", "null", "*"]) {
    test(`the origin ${origin} gets none`, async () => {
      for (const init of [post(event(), { origin }), { method: "OPTIONS", headers: { origin } }]) {
        const { headers } = await edge.ask("/v1/events", init);
        assert.equal(headers.get("access-control-allow-origin"), null);
        assert.equal(headers.get("access-control-allow-methods"), null);
        assert.equal(headers.get("vary"), "origin");
        assert.equal(headers.get("cross-origin-resource-policy"), "same-origin");
      }
    });
  }

  const continued: [string, string, string][] = [
    ["sampled", `00-${TRACE}-${PARENT}-01`, "01"],
    ["not sampled", `00-${TRACE}-${PARENT}-00`, "00"],
    ["random", `00-${TRACE}-${PARENT}-02`, "02"],
    ["unknown flags are cleared", `00-${TRACE}-${PARENT}-ff`, "03"],
    ["a later version", `01-${TRACE}-${PARENT}-01`, "01"],
    ["a later version with more fields", `cc-${TRACE}-${PARENT}-01-what-the-future-brings`, "01"],
  ];
  for (const [name, parent, flags] of continued) {
    test(`a trace goes on: ${name}`, async () => {
      const answer = await edge.ask("/healthz", { headers: { traceparent: parent } });
      const [version, trace, span, got] = (answer.headers.get("traceparent") ?? "").split("-");
      assert.deepEqual([version, trace, got], ["00", TRACE, flags]);
      assert.notEqual(span, PARENT);
    });
  }

  const broken: [string, string][] = [
    ["empty", ""],
    ["garbage", "x".repeat(4000)],
    ["version ff", `ff-${TRACE}-${PARENT}-01`],
    ["version 00 with more", `00-${TRACE}-${PARENT}-01-more`],
    ["a later version with more, no dash", `01-${TRACE}-${PARENT}-01.more`],
    ["upper case", `00-${TRACE.toUpperCase()}-${PARENT}-01`],
    ["a trace id of zeros", `00-${"0".repeat(32)}-${PARENT}-01`],
    ["a parent id of zeros", `00-${TRACE}-${"0".repeat(16)}-01`],
    ["a short trace id", `00-${TRACE.slice(1)}-${PARENT}-01`],
    ["flags that are not hex", `00-${TRACE}-${PARENT}-0g`],
    ["two of them", `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`],
  ];
  for (const [name, parent] of broken) {
    test(`a new trace begins: ${name}`, async () => {
      const answer = await edge.ask("/healthz", { headers: { traceparent: parent } });
      const [version, trace = "", , flags] = (answer.headers.get("traceparent") ?? "").split("-");
      assert.deepEqual([version, flags], ["00", "02"]);
      assert.notEqual(trace.toLowerCase(), TRACE);
      assert.doesNotMatch(trace, /^0+$/);
    });
  }
});

describe("gateway: a deployment that lacks something", () => {
  const full = { TENANT: "acme", REGION: "eu", ENVIRONMENT: "test", RELEASE: "1.2.3" };
  const cases: [string, Parameters<typeof gateway>[0]][] = [
    ["CONFIG", { kvNamespaces: {} }],
    ["TENANT", { bindings: { ...full, TENANT: "" } }],
    ["REGION", { bindings: { TENANT: "acme", ENVIRONMENT: "test", RELEASE: "1" } }],
  ];
  for (const [name, options] of cases) {
    test(`${name}: 503 that names it`, async () => {
      await using edge = await start([gateway(options)]);
      const health = await edge.ask("/healthz");
      assert.equal(health.status, 503);
      assert.deepEqual(health.body.problems, [`the binding ${name} is missing`]);
      const answer = await edge.ask("/v1/events", post(event()));
      assert.equal(answer.status, 503);
      assert.equal(answer.headers.get("retry-after"), "5");
      assert.match(answer.headers.get("x-version-id") ?? "", /^[0-9a-f-]{36}$/);
    });
  }

  test("VERSION: shown as unknown", async () => {
    const { versionMetadata: _, ...options } = gateway() as Record<string, unknown>;
    await using edge = await start([options as never]);
    const health = await edge.ask("/healthz");
    assert.equal(health.status, 503);
    assert.equal(health.headers.get("x-version-id"), "unknown");
  });

  test("a text that no header can hold is shown without harm", async () => {
    await using edge = await start([gateway({ bindings: { ...full, RELEASE: `1\r\nset-cookie: a=b \u2603${"x".repeat(500)}` } })]);
    const { headers } = await edge.ask("/healthz");
    assert.match(headers.get("x-release") ?? "", /^1\?\?set-cookie:\?a=b\?\?x+$/);
    assert.equal(headers.get("x-release")?.length, 128);
    assert.equal(headers.get("set-cookie"), null);
  });
});
