// SPDX-License-Identifier: GPL-3.0-or-later

/** A Worker's environment as it really is: a deployment may have left out anything that the types promise. */
export type Maybe<Env> = { readonly [Name in keyof Env]?: Env[Name] | undefined };

/** The names that are not bound, in the order given. */
export function missing<Env>(env: Maybe<Env>, names: readonly (keyof Env & string)[]): string[] {
  return names.filter((name) => env[name] === undefined || env[name] === null || env[name] === "");
}

/** A bound text as the value of a header; what is not bound is "unknown", so that a half-made deployment shows. */
export function header(text: string | undefined): string {
  if (text === undefined || text === "") return "unknown";
  return text.slice(0, 128).replaceAll(/[^\x21-\x7e]/g, "?");
}
