// SPDX-License-Identifier: GPL-3.0-or-later
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { WORKERS } from "./support/workers.ts";

/** A copy without node_modules, as in a fresh clone, in a path with a space. */
function copy() {
  const base = mkdtempSync(join(tmpdir(), "workers "));
  cpSync(WORKERS, base, { recursive: true, filter: (source) => !source.includes("node_modules") });
  const check = () => spawnSync(process.execPath, ["build.mjs", "--check"], { cwd: base, encoding: "utf8" });
  return { base, check, [Symbol.dispose]: () => rmSync(base, { recursive: true }) };
}

describe("the bundles", () => {
  test("are those of the sources, which needs no packages to know", () => {
    using clone = copy();
    const result = clone.check();
    assert.deepEqual([result.status, result.stderr], [0, ""]);
  });

  const changes: [string, (base: string) => void, RegExp][] = [
    ["a source that changed", (base) => appendFileSync(join(base, "src/shared/json.ts"), "\n"), /front\.js and dist\/gateway\.js not built/],
    ["a source more", (base) => writeFileSync(join(base, "src/front/new.ts"), ""), /front\.js and dist\/gateway\.js not built/],
    ["a source less", (base) => rmSync(join(base, "src/gateway/rfc3339.ts")), /front\.js and dist\/gateway\.js not built/],
    ["a lock that changed", (base) => appendFileSync(join(base, "package-lock.json"), "\n"), /front\.js and dist\/gateway\.js not built/],
    ["a bundle that was edited", (base) => appendFileSync(join(base, "dist/front.js"), "//\n"), /^dist\/front\.js not built/],
    ["a bundle that is not there", (base) => rmSync(join(base, "dist/gateway.js")), /^dist\/gateway\.js not built/],
  ];
  for (const [name, change, message] of changes) {
    test(`are stale after ${name}`, () => {
      using clone = copy();
      change(clone.base);
      const result = clone.check();
      assert.equal(result.status, 1);
      assert.match(result.stderr, message);
      assert.match(result.stderr, /npm run build/);
    });
  }

  for (const name of readdirSync(join(WORKERS, "dist"))) {
    test(`${name} says its source, holds the licences, is plain text without eval, and names no place outside`, () => {
      const text = readFileSync(join(WORKERS, "dist", name), "utf8");
      assert.match(text, /^\/\/ source: sha256:[0-9a-f]{64}\n/);
      assert.match(text, /SPDX-License-Identifier: GPL-3\.0-or-later/);
      assert.match(text, /MIT License\n\/\/\n\/\/ Copyright \(c\) Fabian Hiller/);
      assert.doesNotMatch(text, /[^\x00-\x7f]/);
      assert.doesNotMatch(text, /^\/\/ \.\.\//m, "a place outside of this folder");
      assert.doesNotMatch(text, /\beval\(|new Function\b/);
    });
  }
});
