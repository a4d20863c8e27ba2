// SPDX-License-Identifier: GPL-3.0-or-later
// Bundles src/<worker>/index.ts into dist/<worker>.js:
//   node build.mjs            builds the bundles; needs the packages of package-lock.json
//   node build.mjs --check    exit status 1 when a bundle is not what the sources give; needs Node alone
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const HERE = import.meta.dirname;
const WORKERS = ["front", "gateway"];
const RECIPE = ["build.mjs", "package-lock.json", "package.json", "tsconfig.json"];

/** Hex SHA-256 over the name, size and content of everything a bundle depends on, in the order of the names. */
async function sourceDigest() {
  const entries = await readdir(join(HERE, "src"), { recursive: true });
  const sources = entries.map((entry) => `src/${entry.replaceAll("\\", "/")}`).filter((name) => name.endsWith(".ts"));
  const hash = createHash("sha256");
  for (const name of [...RECIPE, ...sources].sort()) {
    const content = await readFile(join(HERE, name));
    hash.update(`${name}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const bundlePath = (worker) => join(HERE, "dist", `${worker}.js`);
const seal = (source, code) => `// source: sha256:${source}\n// bundle: sha256:${sha256(code)}\n${code}`;

/** The second line tells a bundle that was edited or merged by hand, which the first cannot. */
async function isCurrent(worker, source) {
  const text = await readFile(bundlePath(worker), "utf8").catch(() => "");
  return text === seal(source, text.split("\n").slice(2).join("\n"));
}

async function check() {
  const source = await sourceDigest();
  const stale = [];
  for (const worker of WORKERS) if (!(await isCurrent(worker, source))) stale.push(`dist/${worker}.js`);
  if (stale.length === 0) return;
  console.error(`${stale.join(" and ")} not built from these sources: run npm ci --ignore-scripts && npm run build in ${HERE}`);
  process.exitCode = 1;
}

/** The licences of the packages that end up in a bundle, as their terms ask. */
async function notices() {
  const { dependencies } = JSON.parse(await readFile(join(HERE, "package.json"), "utf8"));
  const texts = Object.entries(dependencies).map(async ([name, version]) => {
    const folder = join(HERE, "node_modules", name);
    const file = (await readdir(folder)).find((entry) => /^LICENSE(\.md)?$/.test(entry));
    const licence = await readFile(join(folder, file), "utf8");
    return `${name} ${version}\n${licence.trim()}`.replace(/^/gm, "// ").replace(/ +$/gm, "");
  });
  return (await Promise.all(texts)).join("\n//\n");
}

async function build() {
  const esbuild = await import("esbuild");
  const source = await sourceDigest();
  const footer = `// This file contains parts of:\n//\n${await notices()}`;
  await mkdir(join(HERE, "dist"), { recursive: true });
  for (const worker of WORKERS) {
    const code = await bundle(esbuild, worker, footer);
    await writeFile(bundlePath(worker), seal(source, code));
    console.log(`dist/${worker}.js ${code.length} bytes`);
  }
}

async function bundle(esbuild, worker, footer) {
  const result = await esbuild.build({
    absWorkingDir: HERE,
    // Else packages behind a link are named by where they are on the machine that builds.
    preserveSymlinks: true,
    entryPoints: [`src/${worker}/index.ts`],
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    conditions: ["workerd", "worker", "browser"],
    target: "es2023",
    charset: "ascii",
    banner: { js: "// SPDX-License-Identifier: GPL-3.0-or-later" },
    footer: { js: footer },
    logLevel: "warning",
  });
  return result.outputFiles[0].text;
}

await (process.argv.includes("--check") ? check() : build());
