// SPDX-License-Identifier: GPL-3.0-or-later
import * as v from "valibot";
import { parseJson } from "../shared/json.ts";
import { problems } from "../shared/schema.ts";
import { within } from "../shared/time.ts";
import { candidates, parseHead } from "./head.ts";
import { Settings } from "./settings.ts";

/** A config document that was read and is valid. */
export interface Document {
  readonly settings: Settings;
  /** The revision that holds it; 0 as long as the namespace was never synchronised. */
  readonly revision: number;
  /** Hex SHA-256 of the document's bytes. */
  readonly sha256: string;
  /** Milliseconds since the epoch. */
  readonly readAt: number;
}

/** `stale`: the namespace failed at the last try and this is the last document it gave. */
export type Config =
  | { readonly ok: true; readonly document: Document; readonly stale: boolean }
  | { readonly ok: false; readonly reasons: readonly string[] };

type Namespace = Pick<KVNamespace, "get">;

/** Names the newest revision. It is written after the values that it names. */
const HEAD = "head";
/** What a rollout wrote; in use until the first synchronisation writes a head. */
const PLAIN = "config";
const NAME = "gateway";
const MAX_HEAD = 25 * 1024 * 1024;
const MAX_DOCUMENT = 256 * 1024;
const MAX_DEPTH = 8;
const READ_TIMEOUT = 2_000;
/** The shortest the platform allows. */
const CACHE_TTL_SECONDS = 30;
/** A value under its hash never changes, but its absence may have been remembered. */
const VALUE_TTL_SECONDS = 60;
const KEEP_GOOD = 5_000;
const KEEP_BAD = 1_000;

/**
 * Reads the document and keeps it for a few seconds in the isolate. It is always one whole revision: the head names
 * it by its hash, and while its bytes have not arrived here the former revision is used.
 *
 * A namespace that fails leaves the last good document in use. A document that is absent or invalid does not:
 * only some isolates would remember a good one, and a plane must answer the same from all of them.
 */
export class ConfigReader {
  #last: Config | null = null;
  #good: Document | null = null;
  #nextRead = 0;

  readonly #now: () => number;
  readonly #report: (reasons: readonly string[]) => void;

  /** `report` hears of every read that failed. */
  constructor(now: () => number, report: (reasons: readonly string[]) => void) {
    this.#now = now;
    this.#report = report;
  }

  async read(namespace: Namespace): Promise<Config> {
    if (this.#last !== null && this.#now() < this.#nextRead) return this.#last;
    this.#keepFor(KEEP_GOOD); // other requests use what is there while this one reads
    const config = this.#fallBack(await this.#fetch(namespace));
    this.#keepFor(config.ok ? KEEP_GOOD : KEEP_BAD);
    this.#last = config;
    return config;
  }

  #keepFor(milliseconds: number): void {
    this.#nextRead = this.#now() + milliseconds;
  }

  #fallBack(read: Config | "unreachable"): Config {
    if (read === "unreachable") {
      const reasons = ["the namespace CONFIG did not answer"];
      this.#report(reasons);
      return this.#good === null ? { ok: false, reasons } : { ok: true, document: this.#good, stale: true };
    }
    if (read.ok) this.#good = read.document;
    else this.#report(read.reasons);
    return read;
  }

  async #fetch(namespace: Namespace): Promise<Config | "unreachable"> {
    try {
      const head = await get(namespace, HEAD, CACHE_TTL_SECONDS);
      return await (head === null ? this.#plain(namespace) : this.#whole(namespace, head));
    } catch {
      return "unreachable";
    }
  }

  async #plain(namespace: Namespace): Promise<Config> {
    const text = await get(namespace, PLAIN, CACHE_TTL_SECONDS);
    if (text === null) return refuse([`the namespace CONFIG has neither a key ${HEAD} nor a key ${PLAIN}`]);
    return parseDocument(text, await sha256(text), 0, this.#now());
  }

  /** The document of one whole revision: the newest, or the former while the newest one's value is on its way. */
  async #whole(namespace: Namespace, text: string): Promise<Config | "unreachable"> {
    const head = text.length > MAX_HEAD ? null : parseHead(text);
    if (head === null) return refuse([`the key ${HEAD} is not one that this gateway knows`]);
    const found = candidates(head, NAME);
    if (found.length === 0) return refuse([`revision ${head.revision} has no document ${NAME}`]);
    for (const { revision, sha256: wanted } of found) {
      if (this.#good?.sha256 === wanted) return this.#again(this.#good, revision);
      const value = await get(namespace, `v/${wanted}`, VALUE_TTL_SECONDS);
      if (value !== null && (await sha256(value)) === wanted) return parseDocument(value, wanted, revision, this.#now());
    }
    // The first revision has none before it, but what a rollout wrote is still there.
    return head.former.revision === 0 ? this.#plain(namespace) : "unreachable";
  }

  #again(document: Document, revision: number): Config {
    return { ok: true, document: { ...document, revision, readAt: this.#now() }, stale: false };
  }
}

function get(namespace: Namespace, key: string, cacheTtl: number): Promise<string | null> {
  return within(READ_TIMEOUT, namespace.get(key, { type: "text", cacheTtl }));
}

function parseDocument(text: string, digest: string, revision: number, readAt: number): Config {
  if (text.length > MAX_DOCUMENT) return refuse([`the config document is larger than ${MAX_DOCUMENT} characters`]);
  const parsed = parseJson(text, MAX_DEPTH);
  if (!parsed.ok) return refuse([`the config document ${parsed.reason}`]);
  const result = v.safeParse(Settings, parsed.value, { abortPipeEarly: true });
  if (result.success) return { ok: true, document: { settings: result.output, revision, sha256: digest, readAt }, stale: false };
  const found = problems(result.issues);
  return refuse(found.map(({ path, message }) => `the config document ${path === "" ? "" : `at ${path} `}${message}`));
}

function refuse(reasons: readonly string[]): Config {
  return { ok: false, reasons };
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
