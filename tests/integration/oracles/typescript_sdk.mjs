// SPDX-License-Identifier: GPL-3.0-or-later
// The official TypeScript SDK against the embedded edge; exits 0 and prints "ok" when every assertion holds.
import assert from "node:assert/strict";
import Cloudflare, { NotFoundError, toFile } from "cloudflare";

const account_id = process.env.CLOUDFLARE_ACCOUNT_ID;
const port = process.env.EDGE_HTTP_PORT;
const zone = process.env.EDGE_ZONE;
const sdk = new Cloudflare({ maxRetries: 0 });
const { scripts } = sdk.workers;

const collect = async (pages) => {
  const found = [];
  for await (const item of pages) found.push(item);
  return found;
};

const said = async (host, path = "/") => {
  const { request } = await import("node:http");
  return new Promise((resolve, reject) => {
    request({ port, path, host: "127.0.0.1", headers: { host } }, (answer) => {
      let text = "";
      answer.on("data", (chunk) => (text += chunk)).on("end", () => resolve(text));
    })
      .on("error", reject)
      .end();
  });
};

// Version 7 of the SDK flattens an object in a form into fields of its own, so the metadata goes as a file.
const upload = async (text, bindings = []) => {
  const metadata = { main_module: "main.js", compatibility_date: "2026-07-01", bindings };
  const code = `export default { fetch() { return new Response("${text}"); } };`;
  return {
    account_id,
    metadata: await toFile(Buffer.from(JSON.stringify(metadata)), "metadata.json", { type: "application/json" }),
    files: [await toFile(Buffer.from(code), "main.js", { type: "application/javascript+module" })],
  };
};

async function identity() {
  assert.equal((await sdk.user.tokens.verify()).status, "active");
  assert.equal((await sdk.accounts.get({ account_id })).id, account_id);
  assert.deepEqual((await collect(sdk.accounts.list())).map((a) => a.id), [account_id]);
  assert.equal((await collect(sdk.zones.list({ name: zone })))[0].name, zone);
}

async function workers() {
  // The SDK announces every script as plain JavaScript; without that, fetch names the form that it really sends.
  const put = await scripts.update("ts", await upload("one"), { headers: { "Content-Type": null } });
  assert.match(put.etag, /^[0-9a-f]{64}$/);
  assert.ok(Number.isInteger(put.startup_time_ms));
  const domain = await sdk.workers.domains.update({ account_id, hostname: `ts.${zone}`, service: "ts", zone_name: zone });
  assert.equal(await said(`ts.${zone}`), "one");

  const made = await scripts.versions.create("ts", await upload("two", [{ type: "secret_text", name: "KEY", text: "hidden" }]));
  assert.equal(made.number, 2);
  const versions = await collect(scripts.versions.list("ts", { account_id }));
  assert.deepEqual(versions.map((v) => v.number), [2, 1]);
  const detail = await scripts.versions.get(made.id, { account_id, script_name: "ts" });
  assert.deepEqual(detail.resources.bindings, [{ name: "KEY", type: "secret_text" }]);
  assert.notEqual(detail.resources.script.etag, put.etag);

  await scripts.deployments.create("ts", {
    account_id,
    strategy: "percentage",
    versions: [{ version_id: made.id, percentage: 100 }],
    annotations: { "workers/message": "two" },
  });
  assert.equal(await said(`ts.${zone}`), "two");
  const { result } = await scripts.deployments.list("ts", { account_id });
  assert.equal(result.deployments[0].annotations["workers/message"], "two");
  assert.equal(result.deployments.length, 2);

  await assert.rejects(
    scripts.deployments.create("ts", { account_id, strategy: "percentage", versions: [{ version_id: versions[1].id, percentage: 100 }] }),
    (error) => error.status === 400 && error.errors[0].code === 10220 && error.errors[0].message.endsWith("KEY"),
  );

  const edited = await scripts.settings.edit("ts", { account_id, tags: ["x"] });
  assert.deepEqual(edited.tags, ["x"]);
  assert.deepEqual((await collect(scripts.list({ account_id }))).map((s) => [s.id, s.etag]), [["ts", detail.resources.script.etag]]);
  assert.deepEqual((await collect(scripts.secrets.list("ts", { account_id }))).map((s) => s.name), ["KEY"]);

  await sdk.workers.domains.delete(domain.id, { account_id });
  await scripts.delete("ts", { account_id });
  await assert.rejects(scripts.settings.get("ts", { account_id }), NotFoundError);
}

async function kv() {
  const { namespaces } = sdk.kv;
  const made = await namespaces.create({ account_id, title: "ts" });
  const here = { account_id, namespace_id: made.id };
  await namespaces.values.update("a/b", { ...here, value: "text", metadata: '{"v":1}' });
  assert.equal(await (await namespaces.values.get("a/b", here)).text(), "text");
  assert.deepEqual(await namespaces.metadata.get("a/b", here), { v: 1 });
  const wrote = await namespaces.bulkUpdate(made.id, { account_id, body: [{ key: "k", value: "aGk=", base64: true }] });
  assert.equal(wrote.successful_key_count, 1);
  assert.deepEqual((await collect(namespaces.keys.list(made.id, { account_id }))).map((k) => k.name), ["a/b", "k"]);
  const got = await namespaces.bulkGet(made.id, { account_id, keys: ["k"] });
  assert.deepEqual(got.values, { k: "hi" });
  await namespaces.delete(made.id, { account_id });
  assert.deepEqual(await collect(namespaces.list({ account_id })), []);
}

async function secretsStore() {
  const { stores } = sdk.secretsStore;
  const store = await stores.create({ account_id, name: "default" });
  const there = { account_id, store_id: store.id };
  const [one] = await collect(
    stores.secrets.create(store.id, { account_id, body: [{ name: "one", value: "hidden", scopes: ["workers"] }] }),
  );
  assert.equal(one.status, "pending");
  assert.deepEqual((await collect(stores.secrets.list(store.id, { account_id }))).map((s) => [s.name, s.status]), [["one", "active"]]);
  assert.equal((await stores.secrets.edit(one.id, { ...there, comment: "mine" })).comment, "mine");
  assert.ok(!("value" in (await stores.secrets.get(one.id, there))));
  await assert.rejects(
    collect(stores.secrets.create(store.id, { account_id, body: [{ name: "one", value: "hidden", scopes: ["workers"] }] })),
    (error) => error.errors[0].message === "secret_name_already_exists",
  );
  await stores.secrets.delete(one.id, there);
  assert.equal((await sdk.secretsStore.quota.get({ account_id })).secrets.usage, 0);
  await stores.delete(store.id, { account_id });
  assert.deepEqual(await collect(stores.list({ account_id })), []);
}

await identity();
await workers();
await kv();
await secretsStore();
console.log("ok");
