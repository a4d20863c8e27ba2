// SPDX-License-Identifier: GPL-3.0-or-later
import { header, missing, type Maybe } from "../shared/bindings.ts";

/** What a front's deployment binds, beside one service GATEWAY_<REGION> for each region that ROUTES names. */
export interface Bindings {
  readonly ROUTES: unknown;
  readonly VERSION: WorkerVersionMetadata;
  readonly TENANT: string;
  readonly RELEASE: string;
}

export type Env = Maybe<Bindings>;

const REQUIRED = ["ROUTES", "VERSION", "TENANT", "RELEASE"] as const;

/** One sentence for each required binding that is not there. */
export function bindingProblems(env: Env): string[] {
  return missing<Bindings>(env, REQUIRED).map((name) => `the binding ${name} is missing`);
}

/** The service bound under a name that ROUTES gave. */
export function service(env: Env, name: string): Fetcher | undefined {
  return (env as Readonly<Record<string, Fetcher | undefined>>)[name];
}

/** The headers of an answer that front gives by itself. */
export function identity(env: Env): Record<string, string> {
  const version = header(env.VERSION?.id);
  return {
    "x-version-id": version,
    "x-front-version-id": version,
    "x-tenant": header(env.TENANT),
    "x-release": header(env.RELEASE),
  };
}
