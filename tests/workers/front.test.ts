// SPDX-License-Identifier: GPL-3.0-or-later
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { front, REGIONS, services, standIn } from "./support/regions.ts";
import { event, lines, post, start, until, type Running } from "./support/workers.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const ROUTES = { regions: REGIONS, default: "us", timeout_ms: 2_000 };

describe("front", () => {
  let edge: Running;
  before(async () => void (edge = await start([front(ROUTES, services()), ...REGIONS.map(({ name }) => standIn(name))])));
  after(() => edge.stop());

  const places: [string, Record<string, string>, string][] = [
    ["the continent", { country: "DE", continent: "EU" }, "eu"],
    ["the continent, again", { country: "ZA", continent: "AF" }, "eu"],
    ["the country before the continent", { country: "GB", continent: "EU" }, "us"],
    ["a name with a dash", { country: "IN", continent: "AS" }, "ap-south"],
    ["the default for an unlisted continent", { country: "AQ", continent: "AN" }, "us"],
    ["the default for Tor", { country: "T1" }, "us"],
    ["the default for nowhere", {}, "us"],
    ["the default for what is no code", { country: "toString", continent: "__proto__" }, "us"],
  ];
  for (const [name, cf, region] of places) {
    test(`routes by ${name}`, async () => {
      const answer = await edge.ask("/v1/events", { ...post(event()), cf });
      assert.equal(answer.body.region, region);
      assert.equal(answer.headers.get("x-front-attempts"), "1");
    });
  }

  test("keeps the gateway's headers and adds its own", async () => {
    const { headers } = await edge.ask("/v1/events", { ...post(event()), cf: { continent: "EU" } });
    assert.equal(headers.get("x-version-id"), "version-eu");
    assert.equal(headers.get("x-region"), "eu");
    assert.match(headers.get("x-front-version-id") ?? "", /^[0-9a-f-]{36}$/);
  });

  test("the gateway sees the request as it came, and where from", async () => {
    const body = JSON.stringify(event({ campaign: "\u00fcber" }));
    const headers = { "x-probe": "1", "cloudflare-workers-version-overrides": 'acme-eu-gateway="v"', origin: "https://a.example" };
    const { body: seen } = await edge.ask("/v1/events?a=1", { ...post(body, headers), cf: { continent: "EU", country: "DE" } });
    assert.equal(seen.url, "https://acme.example.com/v1/events?a=1");
    assert.equal(seen.method, "POST");
    assert.equal(seen.text, body);
    for (const [name, value] of Object.entries(headers)) assert.equal(seen.headers[name], value);
    assert.equal(seen.cf?.country, "DE");
  });

  test("goes on with the trace, itself as the parent", async () => {
    const headers = { traceparent: `00-${TRACE}-00f067aa0ba902b7-01`, tracestate: "a=1" };
    const { body } = await edge.ask("/v1/events", post(event(), headers));
    assert.match(body.headers.traceparent, new RegExp(`^00-${TRACE}-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$`));
    assert.equal(body.headers.tracestate, "a=1");
  });

  test("begins a trace where there is none that is valid, without its state", async () => {
    const { body } = await edge.ask("/v1/events", post(event(), { traceparent: "00-x", tracestate: "a=1" }));
    assert.match(body.headers.traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-02$/);
    assert.equal(body.headers.tracestate, undefined);
  });

  test("headers of its own are not taken from the client", async () => {
    const { body } = await edge.ask("/v1/events", post(event(), { "x-front-version-id": "v", "x-front-attempts": "99" }));
    assert.deepEqual(Object.keys(body.headers).filter((name) => name.startsWith("x-front-")), ["x-front-hops"]);
  });

  test("a request that has been through front goes no further", async () => {
    const answer = await edge.ask("/v1/events", post(event(), { "x-front-hops": "1" }));
    assert.equal(answer.status, 508);
  });

  type Case = [string, string, Record<string, unknown>, Record<string, string>, number, string | null, string];
  const europe = { cf: { country: "DE", continent: "EU" } };
  const failing: Case[] = [
    ["502 goes to the default", "/v1/events", post(event()), { eu: "502" }, 200, "us", "2"],
    ["503 too", "/v1/events", post(event()), { eu: "503" }, 200, "us", "2"],
    ["504 too", "/v1/events", post(event()), { eu: "504" }, 200, "us", "2"],
    ["an exception too", "/v1/events", post(event()), { eu: "throw" }, 200, "us", "2"],
    ["silence too", "/v1/events", post(event()), { eu: "hang" }, 200, "us", "2"],
    ["then to the rest", "/v1/events", post(event()), { eu: "503", us: "throw" }, 200, "ap-south", "3"],
    ["GET is repeated", "/v1/x", {}, { eu: "throw" }, 200, "us", "2"],
    ["HEAD is repeated", "/v1/x", { method: "HEAD" }, { eu: "503" }, 200, "us", "2"],
    ["OPTIONS is repeated", "/v1/events", { method: "OPTIONS" }, { eu: "503" }, 200, "us", "2"],
    ["PUT is repeated", "/v1/x", { method: "PUT", body: "x" }, { eu: "503" }, 200, "us", "2"],
    ["another POST is not", "/v1/x", { method: "POST", body: "x" }, { eu: "503" }, 503, "eu", "1"],
    ["PATCH is not", "/v1/x", { method: "PATCH", body: "x" }, { eu: "503" }, 503, "eu", "1"],
    ["500 is an answer", "/v1/events", post(event()), { eu: "500" }, 500, "eu", "1"],
    ["400 is an answer", "/v1/events", post(event()), { eu: "400" }, 400, "eu", "1"],
    ["429 is an answer", "/v1/events", post(event()), { eu: "429" }, 429, "eu", "1"],
    ["204 is an answer", "/v1/events", post(event()), { eu: "204" }, 204, "eu", "1"],
    ["a redirect is an answer", "/v1/x", {}, { eu: "302" }, 302, "eu", "1"],
    ["when all fail, the last answer", "/v1/events", post(event()), { eu: "503", us: "502", "ap-south": "throw" }, 502, "us", "3"],
    ["when none answers, 502 of its own", "/v1/events", post(event()), { eu: "throw", us: "throw", "ap-south": "throw" }, 502, null, "3"],
  ];
  for (const [name, path, init, modes, status, region, attempts] of failing) {
    test(`fail-over: ${name}`, async () => {
      const tests = Object.fromEntries(Object.entries(modes).map(([key, mode]) => [`x-test-${key}`, mode]));
      const headers = { ...(init["headers"] as Record<string, string>), ...tests };
      const answer = await edge.ask(path, { ...init, ...europe, headers });
      assert.equal(answer.status, status, answer.text);
      assert.equal(answer.headers.get("x-region"), region);
      assert.equal(answer.headers.get("x-front-attempts"), attempts);
      assert.match(answer.headers.get("x-front-version-id") ?? "", /^[0-9a-f-]{36}$/);
    });
  }

  test("the next region gets the same body", async () => {
    const body = JSON.stringify({ events: Array.from({ length: 500 }, () => event()) });
    const answer = await edge.ask("/v1/events", { ...post(body, { "x-test-eu": "throw" }), ...europe });
    assert.equal(answer.body.region, "us");
    assert.equal(answer.body.text, body);
  });

  test("silence everywhere ends, after a bounded time", async () => {
    const headers = { "x-test-eu": "hang", "x-test-us": "hang", "x-test-ap-south": "hang" };
    const begun = performance.now();
    const answer = await edge.ask("/v1/events", { ...post(event(), headers), ...europe });
    assert.deepEqual([answer.status, answer.headers.get("retry-after")], [502, "5"]);
    assert.ok(performance.now() - begun < 20_000);
  });

  test("its own answers have the security headers", async () => {
    for (const [path, init, status] of [
      ["/healthz", {}, 200],
      ["/x", { headers: { "x-front-hops": "1" } }, 508],
    ] as const) {
      const { headers, status: got } = await edge.ask(path, init);
      assert.equal(got, status);
      assert.equal(headers.get("x-content-type-options"), "nosniff");
      assert.equal(headers.get("cache-control"), "no-store");
      assert.equal(headers.get("x-tenant"), "acme");
      assert.match(headers.get("traceparent") ?? "", /^00-/);
      assert.equal(headers.get("x-version-id"), headers.get("x-front-version-id"));
    }
  });

  test("a body that is too large reaches no gateway", async () => {
    let sent = 0;
    const chunk = new TextEncoder().encode(" ".repeat(65536));
    const body = new ReadableStream({
      pull(controller) {
        if (sent++ === 40) controller.close();
        else controller.enqueue(chunk);
      },
    });
    const answer = await edge.ask("/v1/events", { ...post(""), body, duplex: "half" });
    assert.equal(answer.status, 413);
    assert.equal(answer.headers.get("x-region"), null);
  });

  test("the log names regions and traces, no values", async () => {
    edge.output.length = 0;
    const answer = await edge.ask("/v1/events", { ...post(event({ campaign: "canary-e1" }), { "x-test-eu": "throw" }), ...europe });
    await until(() => lines(edge).length > 0);
    const [line] = lines(edge);
    assert.deepEqual([line?.message, line?.["region"]], ["a region failed", "eu"]);
    assert.ok(answer.body.headers.traceparent.includes(line?.["trace"]));
    assert.doesNotMatch(JSON.stringify(lines(edge)), /canary-/);
  });

  test("health answers for itself, with the regions", async () => {
    const health = await edge.ask("/healthz", { headers: { "x-test-us": "throw" } });
    assert.equal(health.status, 200);
    assert.deepEqual(
      [health.body.status, health.body.worker, health.body.tenant, health.body.regions, health.body.default],
      ["ok", "front", "acme", ["eu", "us", "ap-south"], "us"],
    );
    assert.equal(health.body.version.id, health.headers.get("x-version-id"));
    assert.equal((await edge.ask("/healthz", { method: "HEAD" })).status, 200);
    assert.equal((await edge.ask("/healthz", { method: "POST" })).status, 405);
  });
});

describe("front: a region that limits who may stand in", () => {
  let edge: Running;
  const regions = REGIONS.map((region) => (region.name === "eu" ? { ...region, fallback: [] } : { ...region, fallback: ["us"] }));
  before(async () => {
    edge = await start([front({ regions, default: "us" }, services()), ...REGIONS.map(({ name }) => standIn(name))]);
  });
  after(() => edge.stop());

  test("nobody", async () => {
    const answer = await edge.ask("/v1/events", { ...post(event(), { "x-test-eu": "503" }), cf: { continent: "EU" } });
    assert.deepEqual([answer.status, answer.body.region, answer.headers.get("x-front-attempts")], [503, "eu", "1"]);
  });

  test("one", async () => {
    const headers = { "x-test-ap-south": "503", "x-test-us": "503" };
    const answer = await edge.ask("/v1/events", { ...post(event(), headers), cf: { continent: "AS" } });
    assert.deepEqual([answer.status, answer.body.region, answer.headers.get("x-front-attempts")], [503, "us", "2"]);
  });
});

describe("front: an unusual deployment", () => {
  const wrong: [string, unknown, RegExp][] = [
    ["no regions", { regions: [], default: "eu" }, /ROUTES\/regions must name at least one/],
    ["text", JSON.stringify(ROUTES), /ROUTES must be an object/],
    ["a list", [], /ROUTES must be an object/],
    ["an unknown default", { ...ROUTES, default: "mars" }, /ROUTES the default must be/],
    ["no default", { regions: REGIONS }, /ROUTES\/default is required/],
    ["a binding that is another one", { regions: [{ name: "eu", binding: "TENANT" }], default: "eu" }, /\/regions\/0\/binding/],
    ["a country in lower case", { regions: [{ ...REGIONS[0], countries: ["de"] }], default: "eu" }, /\/regions\/0\/countries\/0/],
    ["an unknown field", { ...ROUTES, order: [] }, /ROUTES\/order is not a known field/],
    ["an unknown fallback", { regions: [{ ...REGIONS[0], fallback: ["mars"] }], default: "eu" }, /a fallback must be/],
    ["no time", { ...ROUTES, timeout_ms: 0 }, /timeout_ms/],
  ];
  describe("wrong routes", () => {
    let edge: Running;
    before(async () => {
      const fronts = wrong.map(([, routes], at) => ({ ...front(routes, services()), name: `front${at}` }));
      edge = await start([...fronts, ...REGIONS.map((region) => standIn(region.name))]);
    });
    after(() => edge.stop());

    for (const [at, [name, , reason]] of wrong.entries()) {
      test(`${name}: 503 with the reason`, async () => {
        const health = await edge.askWorker(`front${at}`, "/healthz");
        assert.equal(health.status, 503);
        assert.match(health.body.problems.join("\n"), reason);
        const answer = await edge.askWorker(`front${at}`, "/v1/events", post(event()));
        assert.deepEqual([answer.status, answer.headers.get("retry-after")], [503, "5"]);
      });
    }
  });

  test("a gateway that is not bound: health names it, the others serve", async () => {
    const { GATEWAY_EU: _, ...others } = services();
    await using edge = await start([front(ROUTES, others), ...REGIONS.map((region) => standIn(region.name))]);
    const health = await edge.ask("/healthz");
    assert.equal(health.status, 503);
    assert.deepEqual(health.body.problems, ["the binding GATEWAY_EU is missing"]);
    const answer = await edge.ask("/v1/events", { ...post(event()), cf: { continent: "EU" } });
    assert.deepEqual([answer.status, answer.body.region], [200, "us"]);
  });

  test("five silent regions are not all waited for", async () => {
    const regions = ["a", "b", "c", "d", "e"].map((name) => ({ name, binding: `GATEWAY_${name.toUpperCase()}` }));
    const workers = regions.map(({ name }) => standIn(name));
    await using edge = await start([front({ regions, default: "a", timeout_ms: 200 }, services(regions)), ...workers]);
    const headers = Object.fromEntries(regions.map(({ name }) => [`x-test-${name}`, "hang"]));
    const answer = await edge.ask("/v1/events", post(event(), headers));
    assert.equal(answer.status, 502);
    assert.ok(Number(answer.headers.get("x-front-attempts")) <= 3);
  });

  test("front bound to itself does not go round", async () => {
    await using edge = await start([front({ regions: [REGIONS[0]], default: "eu" }, { GATEWAY_EU: "acme-front" })]);
    assert.equal((await edge.ask("/v1/events", post(event()))).status, 508);
  });
});
