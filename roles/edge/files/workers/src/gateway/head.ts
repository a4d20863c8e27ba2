// SPDX-License-Identifier: GPL-3.0-or-later
import * as v from "valibot";
import { parseJson } from "../shared/json.ts";

/** What the key `head` says: which bytes the documents of a revision have, and those of the revision before. */
export interface Head {
  readonly revision: number;
  readonly documents: Readonly<Record<string, string>>;
  readonly former: { readonly revision: number; readonly documents: Readonly<Record<string, string>> };
}

const MAX_DEPTH = 4;
const Revision = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const Documents = v.record(v.string(), v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)));
/** Fields that only the control plane needs are let through. */
const Schema = v.object({
  format: v.literal(1),
  revision: Revision,
  documents: Documents,
  former: v.object({ revision: Revision, documents: Documents }),
});

/** The head of this text, or null when it is none. */
export function parseHead(text: string): Head | null {
  const parsed = parseJson(text, MAX_DEPTH);
  if (!parsed.ok) return null;
  const result = v.safeParse(Schema, parsed.value);
  return result.success ? result.output : null;
}

/** The revisions to try for a document, the newest first; the one before stands in while a value is on its way. */
export function candidates(head: Head, name: string): { revision: number; sha256: string }[] {
  return [head, head.former].flatMap(({ revision, documents }) => {
    const sha256 = documents[name];
    return sha256 === undefined ? [] : [{ revision, sha256 }];
  });
}
