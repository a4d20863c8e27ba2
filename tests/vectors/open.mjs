// SPDX-License-Identifier: GPL-3.0-or-later
// Opens envelopes by the gateway's own code: standard input is a list of {envelope, name, self, ring}; tells each value or refusal.
import { readFileSync } from "node:fs";
import { openEnvelope, Refused } from "../../roles/edge/files/workers/src/shared/sealed.ts";

const told = [];
for (const { envelope, name, self, ring } of JSON.parse(readFileSync(0, "utf8"))) {
  try {
    told.push({ value: (await openEnvelope(envelope, name, self, ring)).value });
  } catch (error) {
    told.push({ refused: error instanceof Refused ? error.message : `defect: ${error}` });
  }
}
process.stdout.write(JSON.stringify(told));
