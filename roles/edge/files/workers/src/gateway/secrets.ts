// SPDX-License-Identifier: GPL-3.0-or-later
import { openEnvelope, Refused, type Opened } from "../shared/sealed.ts";
import { within } from "../shared/time.ts";
import type { Env } from "./env.ts";

const PREFIX = "sealed/";
const READ_TIMEOUT = 2_000;
/** The shortest the platform allows. */
const CACHE_TTL_SECONDS = 30;
const KEEP = 5_000;

/** What is known of one relayed secret; never its value. */
export interface Freshness {
  readonly version?: number;
  readonly key?: string;
  readonly problem?: string;
}

interface Known {
  readonly opened: Opened | undefined;
  readonly problem: string | undefined;
  readonly nextRead: number;
}

/**
 * Opens the relayed secrets of this plane from its namespace, and keeps each for a few seconds.
 *
 * An isolate that has opened a newer envelope refuses an older one. What is refused leaves the last good value in
 * use: whoever can write to the namespace can stop news from coming, and not take away what is there.
 */
export class SealedSecrets {
  readonly #known = new Map<string, Known>();
  readonly #now: () => number;
  readonly #report: (name: string, reason: string) => void;

  /** `report` hears of every envelope that was refused. */
  constructor(now: () => number, report: (name: string, reason: string) => void) {
    this.#now = now;
    this.#report = report;
  }

  /** The value of a relayed secret, or undefined when there is none that opens. */
  async value(env: Env, name: string): Promise<string | undefined> {
    return (await this.#read(env, name)).opened?.value;
  }

  /** How fresh each declared relayed secret is. */
  async freshness(env: Env): Promise<Record<string, Freshness> | undefined> {
    if (!Array.isArray(env.RELAYED) || env.RELAYED.length === 0) return undefined;
    const found: [string, Freshness][] = [];
    for (const name of env.RELAYED) {
      const { opened, problem } = await this.#read(env, name);
      const known = opened === undefined ? {} : { version: opened.version, key: opened.key };
      found.push([name, problem === undefined ? known : { ...known, problem }]);
    }
    return Object.fromEntries(found);
  }

  async #read(env: Env, name: string): Promise<Known> {
    const last = this.#known.get(name);
    if (last !== undefined && this.#now() < last.nextRead) return last;
    const nextRead = this.#now() + KEEP;
    if (last !== undefined) this.#known.set(name, { ...last, nextRead }); // other requests use what is there while this one reads
    const known = { ...this.#judged(name, await fetched(env, name)), nextRead };
    if (known.problem !== undefined) this.#report(name, known.problem);
    this.#known.set(name, known);
    return known;
  }

  /** Against what is known when the answer is here: another request may have opened a newer one meanwhile. */
  #judged(name: string, read: Opened | string): Omit<Known, "nextRead"> {
    const last = this.#known.get(name)?.opened;
    if (typeof read === "string") return { opened: last, problem: read };
    if (last !== undefined && read.sequence < last.sequence) return { opened: last, problem: "the envelope is older than one that was opened before" };
    return { opened: read, problem: undefined };
  }
}

/** What a name's envelope holds, or why it does not open. */
async function fetched(env: Env, name: string): Promise<Opened | string> {
  try {
    return await open(env, name);
  } catch (error) {
    return error instanceof Refused ? error.message : "the namespace CONFIG did not answer";
  }
}

async function open(env: Env, name: string): Promise<Opened> {
  const { CONFIG, SEALING_KEYS, TENANT, REGION } = env;
  if (CONFIG === undefined || TENANT === undefined || REGION === undefined) throw new Refused("a binding is missing");
  if (typeof SEALING_KEYS !== "string") throw new Refused("the binding SEALING_KEYS is missing");
  const text = await within(READ_TIMEOUT, CONFIG.get(PREFIX + name, { type: "text", cacheTtl: CACHE_TTL_SECONDS }));
  if (text === null) throw new Refused("it was not delivered yet");
  const self = { tenant: TENANT, region: REGION, worker: `${TENANT}-${REGION}-gateway` };
  return openEnvelope(text, name, self, SEALING_KEYS);
}
