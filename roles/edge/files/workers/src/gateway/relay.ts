// SPDX-License-Identifier: GPL-3.0-or-later
import * as v from "valibot";
import { parseJson } from "../shared/json.ts";
import { within } from "../shared/time.ts";
import type { Env } from "./env.ts";
import { randomNonce, sign, type Signer } from "./signature.ts";

/** The binding RELAY: where the tenant's relay is, this plane's key, and a sealed reference for each connector. */
const Binding = v.object({
  url: v.pipe(v.string(), v.url()),
  key: v.object({ kty: v.literal("OKP"), crv: v.literal("Ed25519"), kid: v.string(), x: v.string(), d: v.string() }),
  references: v.record(v.string(), v.string()),
  exposed: v.array(v.string()),
});
type Binding = v.InferOutput<typeof Binding>;

export interface RelayRequest {
  readonly method: string;
  /** Path and query at the third party. */
  readonly target: string;
  /** Handed on to the third party when the connector allows them; names in lower case. */
  readonly fields?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
}

/** The relay did not carry a request out; `code` is its own word for why, or `unreachable`. */
export class RelayRefusal extends Error {
  readonly code: string;

  constructor(code: string) {
    super(`the relay refused a request: ${code}`);
    this.code = code;
  }
}

const MAX_DEPTH = 4;
const TIMEOUT = 35_000;
const CODE = /^[a-z_]{1,32}$/;

/**
 * Calls third parties through the relay of the control plane, which adds the secret that this Worker never has.
 * A request is sent once; when no answer came, nobody here knows whether it had an effect.
 */
export class Relay {
  readonly #binding: Binding;
  readonly #signer: Signer;

  private constructor(binding: Binding, signer: Signer) {
    this.#binding = binding;
    this.#signer = signer;
  }

  /** The relay that the text of the binding RELAY describes; null when it is not one. */
  static async open(text: string): Promise<Relay | null> {
    const parsed = parseJson(text, MAX_DEPTH);
    const read = parsed.ok ? v.safeParse(Binding, parsed.value) : null;
    if (!read?.success) return null;
    const { kid, ...jwk } = read.output.key;
    const key = await crypto.subtle.importKey("jwk", jwk, "Ed25519", false, ["sign"]);
    return new Relay(read.output, { keyId: kid, key });
  }

  /** The names of the connectors that this gateway may use. */
  get connectors(): readonly string[] {
    return Object.keys(this.#binding.references);
  }

  /** Whether this gateway answers requests for a connector that come from outside. */
  exposes(connector: string): boolean {
    return this.#binding.exposed.includes(connector);
  }

  /** The third party's answer, or a RelayRefusal. */
  async call(connector: string, request: RelayRequest): Promise<Response> {
    const reference = Object.hasOwn(this.#binding.references, connector) ? this.#binding.references[connector] : undefined;
    if (reference === undefined) throw new RelayRefusal("forbidden");
    const url = new URL(`${this.#binding.url}/v1/connectors/${connector}${request.target}`);
    const { method, fields = {}, body = new Uint8Array() } = request;
    const headers = await sign({ method, url, fields, body, reference }, this.#signer, Date.now(), randomNonce());
    const init: RequestInit = { method, headers, redirect: "manual", ...(body.byteLength > 0 ? { body } : {}) };
    return answered(await sent(url, init));
  }
}

const opened = new Map<string, Promise<Relay | null>>();

/** The relay that a deployment binds. Kept by its text: an isolate has one, and importing a key takes time. */
export async function relayOf({ RELAY: text }: Env): Promise<Relay | null> {
  if (text === undefined) return null;
  const found = opened.get(text) ?? Relay.open(text);
  opened.set(text, found);
  return found;
}

async function sent(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await within(TIMEOUT, fetch(url, init));
  } catch {
    throw new RelayRefusal("unreachable");
  }
}

/** Only what the relay itself marks is an answer: what stands in between may have pages of its own. */
async function answered(response: Response): Promise<Response> {
  const outcome = response.headers.get("relay-outcome");
  if (outcome === "answered") return response;
  const body: unknown = outcome === "refused" ? await response.json().catch(() => null) : await response.body?.cancel();
  const code = typeof body === "object" && body !== null && "code" in body ? String(body.code) : "unreachable";
  throw new RelayRefusal(CODE.test(code) ? code : "unreachable");
}
