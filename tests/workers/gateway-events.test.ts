// SPDX-License-Identifier: GPL-3.0-or-later
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { event, gateway, lines, post, putConfig, start, type Running } from "./support/workers.ts";

const MIB = 1024 * 1024;

describe("gateway: events", () => {
  let edge: Running;
  before(async () => {
    edge = await start([gateway()]);
    await putConfig(edge, { max_event_bytes: 1024, max_batch: 5 });
  });
  after(() => edge.stop());

  const good: [string, Record<string, unknown>][] = [
    ["the least", {}],
    ["an impression", { type: "impression" }],
    ["every field", { campaign: "c", creative: "k", placement: "p", value: 1.5, currency: "EUR", attributes: { a: 1, "b.c": "x", d_e: true } }],
    ["an id of 64 characters", { id: "a".repeat(64) }],
    ["texts beyond ASCII", { campaign: "\u00fcber \u{1f600} {{ 1 }} $(id) \n" }],
    ["a value of nothing", { value: 0, currency: "USD" }],
    ["a time with an offset", { time: "2026-01-31T12:00:00.123456789+05:30" }],
    ["a time in lower case", { time: "2026-01-31t12:00:00z" }],
    ["a leap day", { time: "2028-02-29T00:00:00Z" }],
    ["a leap second", { time: "2016-12-31T23:59:60Z" }],
    ["32 attributes", { attributes: Object.fromEntries(Array.from({ length: 32 }, (_, at) => [`a${at}`, at])) }],
  ];
  for (const [name, fields] of good) {
    test(`accepted: ${name}`, async () => {
      const answer = await edge.ask("/v1/events", post(event(fields)));
      assert.equal(answer.status, 202, answer.text);
      assert.deepEqual(answer.body, { accepted: 1 });
    });
  }

  const bad: [string, Record<string, unknown>, string, RegExp][] = [
    ["no type", { type: undefined }, "/type", /is required/],
    ["an unknown type", { type: "sale" }, "/type", /accepts/],
    ["a type that is a property of objects", { type: "constructor" }, "/type", /accepts/],
    ["no id", { id: undefined }, "/id", /is required/],
    ["an empty id", { id: "" }, "/id", /1 to 64/],
    ["an id with a line break at its end", { id: "a\n" }, "/id", /1 to 64/],
    ["an id that is too long", { id: "a".repeat(65) }, "/id", /1 to 64/],
    ["an id of markup", { id: "<script>" }, "/id", /1 to 64/],
    ["an id that is a number", { id: 1 }, "/id", /1 to 64/],
    ["a time that is a number", { time: 1700000000 }, "/time", /RFC 3339/],
    ["a date only", { time: "2026-01-31" }, "/time", /RFC 3339/],
    ["a time without a zone", { time: "2026-01-31T12:00:00" }, "/time", /RFC 3339/],
    ["a day that does not exist", { time: "2026-02-29T12:00:00Z" }, "/time", /RFC 3339/],
    ["a month that does not exist", { time: "2026-13-01T12:00:00Z" }, "/time", /RFC 3339/],
    ["hour 24", { time: "2026-01-01T24:00:00Z" }, "/time", /RFC 3339/],
    ["a leap second at noon", { time: "2026-01-01T12:00:60Z" }, "/time", /RFC 3339/],
    ["an offset of 24 hours", { time: "2026-01-01T12:00:00+24:00" }, "/time", /RFC 3339/],
    ["digits of another script", { time: "\u0662026-01-01T12:00:00Z" }, "/time", /RFC 3339/],
    ["a value that is text", { value: "1", currency: "EUR" }, "/value", /0 to 1000000000/],
    ["a negative value", { value: -0.01, currency: "EUR" }, "/value", /0 to 1000000000/],
    ["a value without a currency", { value: 1 }, "", /currency/],
    ["a currency in lower case", { currency: "eur" }, "/currency", /ISO 4217/],
    ["an empty campaign", { campaign: "" }, "/campaign", /1 to 128/],
    ["a campaign that is null", { campaign: null }, "/campaign", /1 to 128/],
    ["a field too many", { user: "x" }, "/user", /not a known field/],
    ["attributes that are a list", { attributes: [] }, "/attributes", /object/],
    ["nested attributes", { attributes: { a: {} } }, "/attributes/a", /string/],
    ["an attribute that is null", { attributes: { a: null } }, "/attributes/a", /string/],
    ["an attribute that is too long", { attributes: { a: "x".repeat(257) } }, "/attributes/a", /256/],
    ["an attribute's name in upper case", { attributes: { A: 1 } }, "/attributes/A", /lower-case/],
    ["33 attributes", { attributes: Object.fromEntries(Array.from({ length: 33 }, (_, at) => [`a${at}`, at])) }, "/attributes", /32/],
  ];
  for (const [name, fields, path, message] of bad) {
    test(`refused: ${name}`, async () => {
      const answer = await edge.ask("/v1/events", post(event(fields)));
      assert.equal(answer.status, 400, answer.text);
      assert.equal(answer.body.errors.length, 1, answer.text);
      assert.equal(answer.body.errors[0].path, path);
      assert.match(answer.body.errors[0].message, message);
    });
  }

  test("refused: a key __proto__, which changes nothing else", async () => {
    const raw = JSON.stringify(event()).replace("{", '{"__proto__":{"polluted":true},');
    assert.deepEqual((await edge.ask("/v1/events", post(raw))).body.errors, [{ path: "/__proto__", message: "is not a known field" }]);
    assert.equal((await edge.ask("/v1/events", post("{}"))).body.errors[0].path, "/type");
  });

  const bodies: [string, string | Uint8Array, number, string, RegExp][] = [
    ["nothing", "", 400, "", /valid JSON/],
    ["no JSON", "id=1", 400, "", /valid JSON/],
    ["JSON and more", "{}{}", 400, "", /valid JSON/],
    ["NaN", '{"value":NaN}', 400, "", /valid JSON/],
    ["a text", '"x"', 400, "", /must be an event or/],
    ["a number", "1", 400, "", /must be an event or/],
    ["null", "null", 400, "", /must be an event or/],
    ["a list", "[]", 400, "", /must be an event or/],
    ["bytes that are not UTF-8", new Uint8Array([0x7b, 0xff, 0x7d]), 400, "", /UTF-8/],
    ["deep brackets", `${"[".repeat(2000)}${"]".repeat(2000)}`, 400, "", /deeper than 8/],
    ["deep objects in a field", `{"attributes":${'{"a":'.repeat(300)}1${"}".repeat(300)}}`, 400, "", /deeper than 8/],
    ["an empty batch", '{"events":[]}', 400, "/events", /at least one/],
    ["a batch that is no list", '{"events":{"length":1}}', 400, "/events", /at least one/],
    ["a batch with more beside it", '{"events":[1],"type":"click"}', 400, "", /no field beside/],
    ["a batch of numbers", '{"events":[1]}', 400, "/events/0", /must be an object/],
    ["a batch of lists", '{"events":[[]]}', 400, "/events/0", /must be an object|required/],
    ["a batch that is too long", JSON.stringify({ events: [1, 2, 3, 4, 5, 6] }), 413, "/events", /at most 5/],
  ];
  for (const [name, body, status, path, message] of bodies) {
    test(`refused: ${name}`, async () => {
      const answer = await edge.ask("/v1/events", post(body));
      assert.equal(answer.status, status, answer.text);
      assert.equal(answer.body.errors[0].path, path, answer.text);
      assert.match(answer.body.errors[0].message, message);
    });
  }

  test("brackets inside strings do not count as depth", async () => {
    const answer = await edge.ask("/v1/events", post(event({ campaign: `\\"${"[{".repeat(50)}` })));
    assert.equal(answer.status, 202, answer.text);
  });

  test("a batch is accepted", async () => {
    const answer = await edge.ask("/v1/events", post({ events: [event(), event(), event(), event(), event()] }));
    assert.deepEqual([answer.status, answer.body], [202, { accepted: 5 }]);
  });

  test("one bad event refuses the batch, and every one is named by its place", async () => {
    const answer = await edge.ask("/v1/events", post({ events: [event(), event({ type: "x" }), event(), event({ id: "", time: "" })] }));
    assert.equal(answer.status, 400);
    assert.deepEqual(answer.body.errors.map((error: { path: string }) => error.path), ["/events/1/type", "/events/3/id", "/events/3/time"]);
  });

  test("a probe is checked like any other request", async () => {
    assert.equal((await edge.ask("/v1/events", post(event(), { "x-probe": "1" }))).status, 202);
    assert.equal((await edge.ask("/v1/events", post(event({ id: "" }), { "x-probe": "1" }))).status, 400);
  });

  const types: [string, string | undefined, number][] = [
    ["JSON", "application/json", 202],
    ["with its charset", "application/json; charset=UTF-8", 202],
    ["in other letters", 'Application/JSON;charset="utf-8"', 202],
    ["in another charset", "application/json; charset=latin1", 415],
    ["text, as a form could send", "text/plain", 415],
    ["a form", "application/x-www-form-urlencoded", 415],
    ["a name that begins alike", "application/jsonp", 415],
    ["a list", "application/json, text/plain", 415],
    ["very long", `application/json;${" ".repeat(5000)}x`, 415],
    ["empty", "", 415],
  ];
  for (const [name, type, status] of types) {
    test(`content type ${name}: ${status}`, async () => {
      const answer = await edge.ask("/v1/events", post(event(), { "content-type": type ?? "" }));
      assert.equal(answer.status, status, answer.text);
    });
  }

  test("a compressed body is refused before it is read", async () => {
    const answer = await edge.ask("/v1/events", post(gzipSync(JSON.stringify(event())), { "content-encoding": "gzip" }));
    assert.equal(answer.status, 415);
  });

  test("an answer never grows with the input", async () => {
    const key = "k".repeat(900);
    const answer = await edge.ask("/v1/events", post({ events: [1, 2, 3, 4, 5].map(() => event({ [key]: 1 })) }));
    assert.equal(answer.status, 400);
    assert.ok(answer.text.length < 1500, String(answer.text.length));
    assert.equal(answer.body.errors[0].path, `/events/0/${"k".repeat(64)}`);
  });

  test("no value of a refused event is repeated, in the answer or in the log", async () => {
    const secret = "canary-5f2c9d";
    for (const body of [event({ id: `${secret} !`, campaign: { secret } }), `{"x":${secret}}`, JSON.stringify(secret)]) {
      const answer = await edge.ask("/v1/events", post(body));
      assert.equal(answer.status, 400);
      assert.ok(!answer.text.includes(secret), answer.text);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.ok(edge.output.length > 0);
    assert.ok(!edge.output.join("\n").includes(secret));
  });
});

describe("gateway: sizes", () => {
  let edge: Running;
  before(async () => {
    edge = await start([gateway()]);
    await putConfig(edge, { max_event_bytes: 65536, max_batch: 1000, log_level: "error" });
  });
  after(() => edge.stop());

  const streamed = (chunks: number, size: number) => {
    let sent = 0;
    const body = new ReadableStream({
      pull(controller) {
        if (sent++ === chunks) controller.close();
        else controller.enqueue(new TextEncoder().encode(" ".repeat(size)));
      },
    });
    return { ...post(""), body, duplex: "half" };
  };

  test("an event of too many bytes, not characters", async () => {
    const attributes = Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`a${at}`, "\u{1f600}".repeat(100)]));
    const answer = await edge.ask("/v1/events", post({ events: [event(), event({ attributes })] }));
    assert.equal(answer.status, 413, answer.text);
    assert.deepEqual(answer.body.errors, [{ path: "/events/1", message: "must be at most 65536 bytes" }]);
  });

  test("a body that says it is too large", async () => {
    const answer = await edge.ask("/v1/events", post(" ".repeat(3 * MIB)));
    assert.equal(answer.status, 413);
    assert.deepEqual(answer.body.errors, [{ path: "", message: `must be at most ${2 * MIB} bytes` }]);
  });

  test("a body that is too large and does not say so", async () => {
    assert.equal((await edge.ask("/v1/events", streamed(33, 65536))).status, 413);
  });

  test("a body just as large as allowed is read", async () => {
    assert.equal((await edge.ask("/v1/events", streamed(32, 65536))).status, 400);
  });

  test("a body without an end is cut at the limit", async () => {
    const { hostname, port } = await edge.mf.ready;
    const socket = connect(Number(port), hostname);
    let sent = 0;
    const status = await new Promise<string>((resolve, reject) => {
      const chunk = `10000\r\n${" ".repeat(65536)}\r\n`;
      const pump = () => {
        while (!socket.destroyed && sent < 64 * MIB && socket.write(chunk)) sent += 65536;
        sent += 65536;
      };
      socket.once("data", (data) => resolve(data.toString("latin1").split("\r\n")[0] ?? ""));
      socket.on("error", reject);
      socket.setTimeout(20_000, () => reject(new Error(`no answer after ${sent} bytes`)));
      socket.on("drain", pump);
      socket.write("POST /v1/events HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n");
      pump();
    }).finally(() => socket.destroy());
    assert.match(status, /^HTTP\/1\.1 413/);
    assert.ok(sent < 32 * MIB, `${sent} bytes were taken`);
  });

  test("many wrong events: 20 errors, quickly", async () => {
    const begun = performance.now();
    const answer = await edge.ask("/v1/events", post({ events: Array.from({ length: 1000 }, () => ({ type: "click", b: 2 })) }));
    assert.equal(answer.status, 400);
    assert.equal(answer.body.errors.length, 20);
    assert.ok(performance.now() - begun < 10_000);
  });

  test("input made to be slow is not", async () => {
    const hostile = ["a".repeat(60000), `${"a,".repeat(30000)}!`, `2026-01-31T12:00:00.${"9".repeat(60000)}`, " ".repeat(60000)];
    const begun = performance.now();
    for (const text of hostile) {
      const fields = { id: text, time: text, type: text, currency: text, attributes: { [text.slice(0, 3000)]: 1 } };
      await edge.ask("/v1/events", post(event(fields)));
      const headers = { tracestate: text.slice(0, 8000), traceparent: text.slice(0, 8000), origin: text.slice(0, 8000) };
      await edge.ask("/v1/events", post(event(), headers));
    }
    assert.ok(performance.now() - begun < 20_000);
  });

  test("1,000 events are one batch", async () => {
    const answer = await edge.ask("/v1/events", post({ events: Array.from({ length: 1000 }, () => event()) }));
    assert.deepEqual([answer.status, answer.body], [202, { accepted: 1000 }]);
    assert.deepEqual(lines(edge).filter((line) => line.level === "error"), []);
  });
});
