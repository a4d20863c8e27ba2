// SPDX-License-Identifier: GPL-3.0-or-later
// The binding to a secret of a Secrets Store. Its value is asked for at each use, as it may have been changed.

import { WorkerEntrypoint } from "cloudflare:workers";
import { ask } from "./load.js";

export class StoredSecret extends WorkerEntrypoint {
  async get() {
    const { store, secret } = this.ctx.props;
    const answer = await ask("/secret", { store, secret });
    if (!answer.ok) throw new Error(await answer.text());
    return await answer.text();
  }
}
