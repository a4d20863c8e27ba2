// SPDX-License-Identifier: GPL-3.0-or-later
import { within } from "../shared/time.ts";
import type { Env } from "./env.ts";
import { relayOf } from "./relay.ts";
import type { Freshness } from "./secrets.ts";

const READ_TIMEOUT = 2_000;
const KEEP = 5_000;

/** What a plane can tell of its secrets, by kind and name; never a value. */
export interface Held {
  readonly bound?: Readonly<Record<string, Freshness>> | undefined;
  readonly stored?: Readonly<Record<string, Freshness>> | undefined;
  /** By connector: the secret itself never comes here. */
  readonly resident?: Readonly<Record<string, Freshness>> | undefined;
}

interface Stored {
  get(): Promise<string>;
}

/** Tells which of the secrets that are declared for this plane it really has. A store is asked every few seconds at most. */
export class HeldSecrets {
  readonly #now: () => number;
  #stored: Held["stored"];
  #nextRead = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  async of(env: Env): Promise<Held> {
    return { bound: bound(env), stored: await this.#ofStore(env), resident: await resident(env) };
  }

  async #ofStore(env: Env): Promise<Held["stored"]> {
    if (!Array.isArray(env.STORED) || env.STORED.length === 0) return undefined;
    if (this.#stored === undefined || this.#now() >= this.#nextRead) {
      this.#nextRead = this.#now() + KEEP; // other requests use what is there while this one reads
      this.#stored = Object.fromEntries(await Promise.all(env.STORED.map(async (name) => [name, await stored(bindingOf(env, name))] as const)));
    }
    return this.#stored;
  }
}

function bound(env: Env): Held["bound"] {
  if (typeof env.BOUND !== "object") return undefined;
  const entries = Object.entries(env.BOUND).map(([name, version]) => [name, filled(bindingOf(env, name)) ? { version } : absent(name)] as const);
  return Object.fromEntries(entries);
}

async function resident(env: Env): Promise<Held["resident"]> {
  if (env.RELAY === undefined) return undefined;
  const relay = await relayOf(env).catch(() => null);
  if (relay === null) return { RELAY: { problem: "the binding RELAY can't be read" } };
  return Object.fromEntries(relay.connectors.map((connector) => [connector, {}]));
}

async function stored(binding: unknown): Promise<Freshness> {
  if (!isStored(binding)) return { problem: "it is no binding to a Secrets Store" };
  try {
    return filled(await within(READ_TIMEOUT, binding.get())) ? {} : { problem: "it is empty" };
  } catch {
    // Why is the store's business, and may quote what nobody should read.
    return { problem: "the Secrets Store did not give it" };
  }
}

function absent(name: string): Freshness {
  return { problem: `the binding ${name} is missing` };
}

function bindingOf(env: Env, name: string): unknown {
  return (env as Readonly<Record<string, unknown>>)[name];
}

function filled(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

function isStored(value: unknown): value is Stored {
  return typeof value === "object" && value !== null && "get" in value && typeof value.get === "function";
}
