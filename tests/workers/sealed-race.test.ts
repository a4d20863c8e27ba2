// SPDX-License-Identifier: GPL-3.0-or-later
// Requests of one isolate that read the same relayed secret at once; KV answers in whatever order it likes.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { WORKERS } from "./support/workers.ts";

const { SealedSecrets } = await import(join(WORKERS, "src/gateway/secrets.ts"));
const { ring, envelopes, value } = JSON.parse(readFileSync(join(import.meta.dirname, "../vectors/sealed.json"), "utf8"));
const NAME = "SINK_TOKEN";

/** A namespace whose answers the test gives, one for each read. */
class Namespace {
  readonly reads: ((envelope: unknown) => void)[] = [];
  get = (): Promise<string> => new Promise((answer) => this.reads.push((envelope) => answer(JSON.stringify(envelope))));
}

function isolate() {
  const clock = { now: 0 };
  const config = new Namespace();
  const reported: string[] = [];
  const secrets = new SealedSecrets(() => clock.now, (_name: string, reason: string) => reported.push(reason));
  const env = { CONFIG: config, TENANT: "acme", REGION: "eu", SEALING_KEYS: JSON.stringify(ring), RELAYED: [NAME] };
  return { clock, reads: config.reads, reported, value: (): Promise<string | undefined> => secrets.value(env, NAME), version: async () => (await secrets.freshness(env))[NAME].version };
}

describe("gateway: relayed secrets that many requests read", () => {
  test("a slow answer with an older envelope does not take the newer one's place", async () => {
    const { reads, reported, value: read, version } = isolate();
    const [slow, quick] = [read(), read()];
    reads[1]?.(envelopes.good);
    assert.equal(await quick, value);
    reads[0]?.(envelopes.older);
    assert.equal(await slow, value);
    assert.equal(await version(), 2);
    assert.deepEqual(reported, ["the envelope is older than one that was opened before"]);
  });

  test("when it is time to look again one of them reads, and the others use what is there", async () => {
    const { clock, reads, value: read } = isolate();
    const first = read();
    reads[0]?.(envelopes.good);
    await first;
    clock.now = 10_000;
    const burst = Array.from({ length: 20 }, read);
    assert.equal(reads.length, 2);
    assert.deepEqual(new Set(await Promise.all(burst.slice(1))), new Set([value]));
    reads[1]?.(envelopes.good);
    assert.equal(await burst[0], value);
  });
});
