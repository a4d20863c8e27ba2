// SPDX-License-Identifier: GPL-3.0-or-later
import * as v from "valibot";
import { parseJson } from "../shared/json.ts";
import { problems } from "../shared/schema.ts";
import { within } from "../shared/time.ts";
import { Settings } from "./settings.ts";

/** A config document that was read and is valid. */
export interface Document {
  readonly settings: Settings;
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

const KEY = "config";
const MAX_DOCUMENT = 256 * 1024;
const MAX_DEPTH = 8;
const READ_TIMEOUT = 2_000;
/** The shortest the platform allows. */
const CACHE_TTL_SECONDS = 30;
const KEEP_GOOD = 5_000;
const KEEP_BAD = 1_000;

/**
 * Reads the document and keeps it for a few seconds in the isolate.
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
    let text: string | null;
    try {
      text = await within(READ_TIMEOUT, namespace.get(KEY, { type: "text", cacheTtl: CACHE_TTL_SECONDS }));
    } catch {
      return "unreachable";
    }
    return text === null ? refuse([`the namespace CONFIG has no key ${KEY}`]) : parseDocument(text, this.#now());
  }
}

async function parseDocument(text: string, readAt: number): Promise<Config> {
  if (text.length > MAX_DOCUMENT) return refuse([`the config document is larger than ${MAX_DOCUMENT} characters`]);
  const parsed = parseJson(text, MAX_DEPTH);
  if (!parsed.ok) return refuse([`the config document ${parsed.reason}`]);
  const result = v.safeParse(Settings, parsed.value, { abortPipeEarly: true });
  if (result.success) return { ok: true, document: { settings: result.output, sha256: await sha256(text), readAt }, stale: false };
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
