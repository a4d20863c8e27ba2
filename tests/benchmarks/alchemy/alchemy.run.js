// SPDX-License-Identifier: GPL-3.0-or-later
// The peer's side of the fleet benchmark: the same Workers, deployed side by side by one process.
// It reads the CLOUDFLARE_* variables itself: a token that is given to each Worker would be sealed again, with a
// slow key derivation, in every save of its state.
// JOB names a JSON file {"script": "...", "workers": [{"name": "...", "hostname": "..."}]}.
import { readFileSync } from "node:fs";
import alchemy from "alchemy";
import { Worker } from "alchemy/cloudflare";

const { script, workers } = JSON.parse(readFileSync(process.env.JOB, "utf8"));
const app = await alchemy("benchmark", { stage: "bench", password: "benchmark", quiet: true });
await Promise.all(
  workers.map(({ name, hostname }) =>
    Worker(name, {
      name,
      script,
      url: false,
      compatibilityDate: "2026-10-01",
      domains: [hostname],
    }),
  ),
);
await app.finalize();
