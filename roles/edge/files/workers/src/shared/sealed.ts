// SPDX-License-Identifier: GPL-3.0-or-later
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import * as v from "valibot";
import { parseJson } from "./json.ts";
import { map, matching, object } from "./schema.ts";

const LABEL = "adsengineer.orchestrator sealed secret 1";
const MAX_ENVELOPE = 128 * 1024;

const NAME = matching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/, "must be a name");
// Whole groups only: atob throws at a length that base64 can't have.
const BASE64 = matching(/^(?=.)(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, "must be base64");
const COUNT = v.pipe(v.number("must be a number"), v.safeInteger("must be a whole number"), v.minValue(0, "must not be negative"));

const Envelope = object({
  tenant: NAME,
  region: NAME,
  worker: NAME,
  name: NAME,
  version: COUNT,
  sequence: COUNT,
  key: NAME,
  sealed: BASE64,
  signer: NAME,
  signature: BASE64,
});
type Envelope = v.InferOutput<typeof Envelope>;

const Ring = object({
  current: NAME,
  keys: map(NAME, object({ private: BASE64, public: BASE64 }), "must be an object"),
  signers: map(NAME, BASE64, "must be an object"),
});

/** For whom this Worker opens envelopes. */
export interface Self {
  readonly tenant: string;
  readonly region: string;
  readonly worker: string;
}

/** A secret that was opened. Its value is for use only: never log or answer it. */
export interface Opened {
  readonly value: string;
  readonly version: number;
  readonly sequence: number;
  readonly key: string;
}

/** Why an envelope was refused, in words that hold nothing of it. */
export class Refused extends Error {}

const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });

/** Opens an envelope (JSON) for `name` with this Worker's keys (`ring`, JSON). Throws {@link Refused}. */
export async function openEnvelope(text: string, name: string, self: Self, ring: string): Promise<Opened> {
  const envelope = parsed(Envelope, text, "the envelope");
  const { keys, signers } = parsed(Ring, ring, "the Worker's ring of keys");
  for (const [field, wanted] of Object.entries({ ...self, name })) {
    if (envelope[field as keyof Envelope] !== wanted) throw new Refused(`the envelope is for another ${field}`);
  }
  const pair = own(keys, envelope.key);
  const signer = own(signers, envelope.signer);
  if (pair === undefined) throw new Refused("the envelope is sealed to a key that this version does not have");
  if (signer === undefined) throw new Refused("the envelope is signed by a key that this version does not know");
  const info = infoOf(envelope);
  const sealed = bytes(envelope.sealed);
  await verify(signer, bytes(envelope.signature), info, sealed);
  const value = await decrypt(pair, info, sealed);
  return { value, version: envelope.version, sequence: envelope.sequence, key: envelope.key };
}

function infoOf(envelope: Envelope): Uint8Array<ArrayBuffer> {
  const { tenant, region, worker, name, version, sequence, key } = envelope;
  return new TextEncoder().encode([LABEL, tenant, region, worker, name, version, sequence, key].join("\n")) as Uint8Array<ArrayBuffer>;
}

async function verify(signer: string, signature: Uint8Array, info: Uint8Array, sealed: Uint8Array): Promise<void> {
  const signed = new Uint8Array([...info, 10, ...sealed]);
  try {
    const key = await crypto.subtle.importKey("raw", bytes(signer), { name: "Ed25519" }, false, ["verify"]);
    if (await crypto.subtle.verify({ name: "Ed25519" }, key, signature, signed)) return;
  } catch {
    // A signature of another length is as wrong as one that does not fit.
  }
  throw new Refused("the signature of the envelope is wrong");
}

/** The private key is imported so that nothing in this Worker can read it back. */
async function decrypt(pair: { private: string; public: string }, info: Uint8Array<ArrayBuffer>, sealed: Uint8Array): Promise<string> {
  const length = suite.kem.encSize;
  try {
    const privateKey = await crypto.subtle.importKey("pkcs8", bytes(pair.private), { name: "X25519" }, false, ["deriveBits"]);
    const publicKey = await crypto.subtle.importKey("raw", bytes(pair.public), { name: "X25519" }, true, []);
    const recipient = { recipientKey: { privateKey, publicKey } as CryptoKeyPair, enc: sealed.slice(0, length), info };
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await suite.open(recipient as never, sealed.slice(length) as never));
  } catch {
    throw new Refused("the envelope does not open with the key that it names");
  }
}

function parsed<Schema extends v.GenericSchema>(schema: Schema, text: string, what: string): v.InferOutput<Schema> {
  if (text.length > MAX_ENVELOPE) throw new Refused(`${what} is too large`);
  const value = parseJson(text, 4);
  const result = value.ok ? v.safeParse(schema, value.value) : undefined;
  if (result?.success !== true) throw new Refused(`${what} is malformed`);
  return result.output;
}

function own<Value>(holder: Record<string, Value>, name: string): Value | undefined {
  return Object.hasOwn(holder, name) ? holder[name] : undefined;
}

function bytes(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)) as Uint8Array<ArrayBuffer>;
}
