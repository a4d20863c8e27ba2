// SPDX-License-Identifier: GPL-3.0-or-later

/** A request to the relay before it is signed. `fields` are handed on to the third party; names in lower case. */
export interface Unsigned {
  readonly method: string;
  readonly url: URL;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly reference: string;
}

export interface Signer {
  readonly keyId: string;
  readonly key: CryptoKey;
}

/** Seconds that a signature is valid. */
const LIFETIME = 300;
const COVERED = ["@method", "@authority", "@path", "@query", "content-digest", "relay-reference"];

/**
 * The headers of a signed request: HTTP message signatures (RFC 9421, Ed25519) over method, authority, path, query,
 * the digest of the body (RFC 9530), the reference and every field. `now` is in milliseconds.
 */
export async function sign(request: Unsigned, signer: Signer, now: number, nonce: string): Promise<Headers> {
  const { method, url, fields, reference } = request;
  const names = Object.keys(fields).sort();
  const digest = `sha-256=:${base64(await crypto.subtle.digest("SHA-256", request.body))}:`;
  const values: Record<string, string> = {
    ...fields,
    "@method": method,
    "@authority": url.host,
    "@path": url.pathname,
    "@query": url.search === "" ? "?" : url.search,
    "content-digest": digest,
    "relay-reference": reference,
  };
  const covered = [...COVERED, ...names];
  const params = parameters(covered, Math.floor(now / 1000), nonce, signer.keyId);
  const base = [...covered.map((name) => `"${name}": ${values[name]}`), `"@signature-params": ${params}`].join("\n");
  const signature = await crypto.subtle.sign("Ed25519", signer.key, new TextEncoder().encode(base));
  return new Headers({
    ...fields,
    "content-digest": digest,
    "relay-reference": reference,
    "signature-input": `relay=${params}`,
    signature: `relay=:${base64(signature)}:`,
  });
}

/** 24 random bytes, which no two requests share. */
export function randomNonce(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return base64(bytes.buffer).replaceAll("+", "-").replaceAll("/", "_");
}

function parameters(covered: readonly string[], created: number, nonce: string, keyId: string): string {
  const components = covered.map((name) => `"${name}"`).join(" ");
  const times = `created=${created};expires=${created + LIFETIME}`;
  return `(${components});${times};nonce="${nonce}";keyid="${keyId}";alg="ed25519";tag="adsengineer-relay"`;
}

function base64(bytes: ArrayBuffer): string {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)));
}
