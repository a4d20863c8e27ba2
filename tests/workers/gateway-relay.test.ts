// SPDX-License-Identifier: GPL-3.0-or-later
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, verify, type KeyObject } from "node:crypto";
import { after, before, beforeEach, describe, test } from "node:test";
import { Response, type Request } from "miniflare";
import { gateway, lines, post, putConfig, start, until, type Running } from "./support/workers.ts";

const URL_OF_RELAY = "https://relay-acme.example.com";
const KEY_ID = "k".repeat(43);
const REFERENCE = "r1.c2VhbGVk";

interface Seen {
  method: string;
  url: URL;
  headers: Headers;
  body: Buffer;
}

/** A relay that keeps what it gets and answers as it is told. */
class StandIn {
  readonly seen: Seen[] = [];
  answer = (): Response => new Response('{"id":7}', { headers: { "relay-outcome": "answered", "content-type": "application/json" } });

  readonly outbound = async (request: Request): Promise<Response> => {
    const body = Buffer.from(await request.arrayBuffer());
    this.seen.push({ method: request.method, url: new URL(request.url), headers: new Headers([...request.headers]), body });
    return this.answer();
  };

  get last(): Seen {
    const last = this.seen.at(-1);
    assert.ok(last);
    return last;
  }
}

/** Checks a signature as RFC 9421 says, by Node's own cryptography. */
function verified({ method, url, headers, body }: Seen, key: KeyObject): Map<string, string> {
  const input = /^relay=(\((.*?)\);(.*))$/.exec(headers.get("signature-input") ?? "");
  assert.ok(input);
  const derived: Record<string, string> = { "@method": method, "@authority": url.host, "@path": url.pathname, "@query": url.search || "?" };
  const names = (input[2] ?? "").split(" ").map((name) => name.slice(1, -1));
  const base = [...names.map((name) => `"${name}": ${derived[name] ?? headers.get(name)}`), `"@signature-params": ${input[1]}`].join("\n");
  const signature = Buffer.from(/^relay=:(.*):$/.exec(headers.get("signature") ?? "")?.[1] ?? "", "base64");
  assert.ok(verify(null, Buffer.from(base), key, signature), base);
  assert.equal(headers.get("content-digest"), `sha-256=:${createHash("sha256").update(body).digest("base64")}:`);
  assert.deepEqual(names.slice(0, 6), ["@method", "@authority", "@path", "@query", "content-digest", "relay-reference"]);
  const params = (input[3] ?? "").split(";").map((part) => part.split("=") as [string, string]);
  return new Map([...params, ["covered", names.slice(6).join(" ")]]);
}

const pair = generateKeyPairSync("ed25519");

function bound(outbound: StandIn["outbound"], more: Record<string, unknown> = {}) {
  const binding = {
    url: URL_OF_RELAY,
    key: { ...pair.privateKey.export({ format: "jwk" }), kid: KEY_ID },
    references: { echo: REFERENCE, hidden: REFERENCE },
    exposed: ["echo", "unknown"],
    ...more,
  };
  const bindings = { TENANT: "acme", REGION: "eu", ENVIRONMENT: "test", RELEASE: "1.2.3", RELAY: JSON.stringify(binding) };
  return gateway({ bindings, outboundService: outbound } as never);
}

describe("gateway: through the relay", () => {
  let edge: Running;
  let relay: StandIn;
  before(async () => {
    relay = new StandIn();
    edge = await start([bound(relay.outbound)]);
    await putConfig(edge, {});
  });
  beforeEach(() => {
    relay.answer = new StandIn().answer;
    relay.seen.length = edge.output.length = 0;
  });
  after(() => edge.stop());

  test("a request is signed over all that the relay hands on", async () => {
    const answer = await edge.ask("/v1/relay/echo/things/7?expand=a%26b", post({ a: "\u00fc" }, { cookie: "a=b", authorization: "x" }));
    assert.deepEqual([answer.status, answer.body], [200, { id: 7 }]);
    const params = verified(relay.last, pair.publicKey);
    assert.equal(relay.last.url.href, `${URL_OF_RELAY}/v1/connectors/echo/things/7?expand=a%26b`);
    assert.equal(relay.last.headers.get("relay-reference"), REFERENCE);
    assert.equal(params.get("covered"), "accept content-type");
    assert.equal(params.get("keyid"), `"${KEY_ID}"`);
    assert.equal(Number(params.get("expires")), Number(params.get("created")) + 300);
    assert.ok(Math.abs(Number(params.get("created")) - Date.now() / 1000) < 30);
    assert.equal(relay.last.headers.get("cookie"), null);
    assert.equal(relay.last.headers.get("authorization"), null);
    assert.deepEqual(JSON.parse(relay.last.body.toString()), { a: "\u00fc" });
  });

  test("no two requests have the same nonce", async () => {
    for (let count = 0; count < 20; count++) await edge.ask("/v1/relay/echo/things/7");
    const nonces = new Set(relay.seen.map((seen) => verified(seen, pair.publicKey).get("nonce")));
    assert.equal(nonces.size, 20);
  });

  test("a request without body or query", async () => {
    assert.equal((await edge.ask("/v1/relay/echo/things/7")).status, 200);
    verified(relay.last, pair.publicKey);
    assert.equal(relay.last.body.byteLength, 0);
  });

  const absent = ["/v1/relay/hidden/things/7", "/v1/relay/other/x", "/v1/relay/echo", "/v1/relay/", "/v1/relay/constructor/x", "/v1/relay/__proto__/x"];
  for (const path of absent) {
    test(`${path} is not there, and nobody is asked`, async () => {
      assert.equal((await edge.ask(path)).status, 404);
      assert.deepEqual(relay.seen, []);
    });
  }

  test("a body that is too large is refused here", async () => {
    assert.equal((await edge.ask("/v1/relay/echo/things/7", post("x".repeat(65_537)))).status, 413);
    assert.deepEqual(relay.seen, []);
  });

  const refusals: [string, () => Response, string][] = [
    ["a refusal", () => refused(403, { error: "canary-5e", code: "forbidden" }), "forbidden"],
    ["a refusal without a code", () => refused(500, {}), "unreachable"],
    ["a refusal with a strange code", () => refused(500, { code: "<script>" }), "unreachable"],
    ["a page of what stands in between", () => new Response("canary-5e", { status: 200 }), "unreachable"],
    ["a redirect", () => new Response(null, { status: 302, headers: { location: "https://example.com/" } }), "unreachable"],
  ];
  for (const [name, answer, code] of refusals) {
    test(`${name} is 502 with the code ${code}`, async () => {
      relay.answer = answer;
      const got = await edge.ask("/v1/relay/echo/things/7");
      assert.deepEqual([got.status, got.body], [502, { error: "the third party could not be asked", code }]);
      assert.equal(relay.seen.length, 1);
      await until(() => lines(edge).some((line) => line.message === "relay refused" && line["code"] === code));
      assert.ok(!edge.output.join().includes("canary-5e"));
    });
  }

  test("a status of the third party is passed on", async () => {
    relay.answer = () => new Response("no", { status: 404, headers: { "relay-outcome": "answered" } });
    const got = await edge.ask("/v1/relay/echo/things/7");
    assert.deepEqual([got.status, got.text], [404, "no"]);
  });
});

function refused(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status, headers: { "relay-outcome": "refused" } });
}

describe("gateway: without a usable relay", () => {
  for (const [name, text] of [
    ["no binding", undefined],
    ["a binding that is no JSON", "canary-77"],
    ["a binding without a key", JSON.stringify({ url: URL_OF_RELAY, references: {}, exposed: ["echo"] })],
  ] as const) {
    test(`${name}: the path is not there`, async () => {
      const bindings = { TENANT: "acme", REGION: "eu", ENVIRONMENT: "test", RELEASE: "1", ...(text === undefined ? {} : { RELAY: text }) };
      await using edge = await start([gateway({ bindings } as never)]);
      await putConfig(edge, {});
      assert.equal((await edge.ask("/v1/relay/echo/things/7")).status, 404);
      assert.equal((await edge.ask("/healthz")).status, 200);
      assert.ok(!edge.output.join().includes("canary-77"));
    });
  }
});
