// SPDX-License-Identifier: GPL-3.0-or-later
import { header, missing, type Maybe } from "../shared/bindings.ts";

/** What a plane's deployment binds. */
export interface Bindings {
  readonly CONFIG: KVNamespace;
  readonly VERSION: WorkerVersionMetadata;
  readonly TENANT: string;
  readonly REGION: string;
  readonly ENVIRONMENT: string;
  readonly RELEASE: string;
  /** Optional: receives the accepted events. */
  readonly SINK: Fetcher;
  /** Optional: the versions of the bound secrets by their names. */
  readonly BOUND: Readonly<Record<string, number>>;
  /** Optional: the names of the secrets that are bindings to a Secrets Store. */
  readonly STORED: readonly string[];
  /** Optional: the names of the relayed secrets, and the keys that open them. */
  readonly RELAYED: readonly string[];
  readonly SEALING_KEYS: string;
  /** Optional: `brief` keeps the names of secrets out of /healthz. */
  readonly HEALTH: string;
  /** Optional: how the relay of the control plane is reached, see relay.ts. */
  readonly RELAY: string;
}

export type Env = Maybe<Bindings>;

const REQUIRED = ["CONFIG", "VERSION", "TENANT", "REGION", "ENVIRONMENT", "RELEASE"] as const;

/** One sentence for each required binding that is not there. */
export function bindingProblems(env: Env): string[] {
  return missing<Bindings>(env, REQUIRED).map((name) => `the binding ${name} is missing`);
}

/** The headers by which an answer says who gave it. */
export function identity(env: Env): Record<string, string> {
  return {
    "x-version-id": header(env.VERSION?.id),
    "x-tenant": header(env.TENANT),
    "x-region": header(env.REGION),
    "x-release": header(env.RELEASE),
  };
}
