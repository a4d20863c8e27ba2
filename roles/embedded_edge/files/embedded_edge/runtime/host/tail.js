// SPDX-License-Identifier: GPL-3.0-or-later
// Writes the exceptions of deployed Workers to the log, with the place in their own code.

import { WorkerEntrypoint } from "cloudflare:workers";

export class Tail extends WorkerEntrypoint {
  tail(events) {
    for (const { event, exceptions } of events) {
      const ray = event?.request?.headers["cf-ray"] ?? "none";
      for (const { name, message, stack } of exceptions) {
        console.error([`${this.ctx.props.name} (ray ${ray}): ${name}: ${message}`, stack].filter(Boolean).join("\n"));
      }
    }
  }
}
