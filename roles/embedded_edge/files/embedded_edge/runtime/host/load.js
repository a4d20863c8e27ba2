// SPDX-License-Identifier: GPL-3.0-or-later
// From a script name to a running isolate. The Python side decides and remembers; this side only loads.

import { env, exports } from "cloudflare:workers";
import inside from "inside.txt";

const KEY_HEADER = "cloudflare-workers-version-key";
const OVERRIDES_HEADER = "cloudflare-workers-version-overrides";
const WRAPPER = "__embedded_edge__.js";
const START = "__embedded_edge_start__.js";
const INSIDE = "__embedded_edge_inside__.js";

// The loader remembers a failed load under its id for ever, so each failure moves on to a new id.
const generations = new Map();

/** An answer that the embedded edge gives in place of a Worker. */
export class Refusal extends Error {
  constructor(status, text) {
    super(text.trimEnd());
    this.status = status;
  }

  response() {
    return new Response(`${this.message}\n`, { status: this.status });
  }
}

export async function ask(path, query, init) {
  const url = `http://internal${path}?${new URLSearchParams(query)}`;
  try {
    return await env.INTERNAL.fetch(url, init);
  } catch (error) {
    throw new Refusal(503, `embedded edge: its state can't be read (${error.message}).`);
  }
}

/** Find {script, version} by {hostname, path} or by {script}; the two version headers take part in the choice. */
export async function resolve(headers, where) {
  const key = headers.get(KEY_HEADER) ?? "";
  const overrides = headers.get(OVERRIDES_HEADER) ?? "";
  const answer = await ask("/resolve", { ...where, key, overrides });
  if (!answer.ok) throw new Refusal(answer.status, await answer.text());
  return await answer.json();
}

export function load({ script, version }) {
  const name = `${script}/${version}`;
  const generation = generations.get(name) ?? 0;
  return env.LOADER.get(`${name}/${generation}`, async () => {
    try {
      const tails = [exports.Tail({ props: { name } })];
      return { ...workerCode(await definition(script, version)), tails };
    } catch (error) {
      generations.set(name, generation + 1);
      throw error;
    }
  });
}

async function definition(script, version) {
  const answer = await ask("/code", { script, version });
  if (answer.ok) return await answer.json();
  throw new Error(`embedded edge: version ${version} of ${script} can't be loaded: ${await answer.text()}`);
}

/** What the loader wants, from the definition that the Python side made of a bundle. */
export function workerCode({ compatibilityDate, compatibilityFlags, mainModule, modules, bindings }) {
  return {
    compatibilityDate,
    compatibilityFlags,
    mainModule: WRAPPER,
    modules: { ...decoded(modules), ...added(mainModule, bindings) },
    env: environment(bindings),
    globalOutbound: exports.Outbound({ props: {} }),
  };
}

function added(mainModule, bindings) {
  return { [WRAPPER]: wrapper(mainModule), [START]: start(bindings), [INSIDE]: inside };
}

function decoded(modules) {
  const make = {
    wasm: ({ base64 }) => Uint8Array.fromBase64(base64).buffer,
    data: ({ base64 }) => Uint8Array.fromBase64(base64).buffer,
    json: ({ text }) => JSON.parse(text),
  };
  const entries = Object.entries(modules).map(([name, module]) => {
    return [name, { [module.kind]: make[module.kind]?.(module) ?? module.text }];
  });
  return Object.fromEntries(entries);
}

function environment(bindings) {
  const make = {
    value: ({ value }) => value,
    kv: ({ namespace }) => exports.KvNamespace({ props: { namespace } }),
    secret: ({ store, secret }) => exports.StoredSecret({ props: { store, secret } }),
    service: ({ script, entrypoint }) => exports.ServiceBinding({ props: { script, entrypoint } }),
    stub: () => null,
  };
  return Object.fromEntries(bindings.map((binding) => [binding.name, make[binding.kind](binding)]));
}

// Two modules in front of the user's own: one prepares the globals and `env` before any of its code runs, the
// other passes on whatever it exports.
function start(bindings) {
  const stubs = bindings.filter(({ kind }) => kind === "stub").map(({ name, type }) => [name, type]);
  return `import { prepare } from "./${INSIDE}";\nprepare(${JSON.stringify(stubs)});\n`;
}

function wrapper(mainModule) {
  const main = JSON.stringify(`./${mainModule}`);
  return [
    `import "./${START}";`,
    `import * as user from ${main};`,
    `import { inspector } from "./${INSIDE}";`,
    `export * from ${main};`,
    "export default user.default ?? {};",
    "export const EmbeddedEdgeInspector = inspector(user);",
  ].join("\n");
}
