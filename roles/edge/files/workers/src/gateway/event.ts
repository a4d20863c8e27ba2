// SPDX-License-Identifier: GPL-3.0-or-later
import * as v from "valibot";
import { between, map, matching, object } from "../shared/schema.ts";
import { isRfc3339 } from "./rfc3339.ts";

const MAX_ATTRIBUTES = 32;

const ID = matching(/^[A-Za-z0-9._:-]{1,64}$/, "must be 1 to 64 of the characters A-Z a-z 0-9 . _ : -");
const CURRENCY = matching(/^[A-Z]{3}$/, "must be an ISO 4217 code such as EUR");

const TIME_MESSAGE = "must be an RFC 3339 time such as 2026-01-31T12:00:00Z";
const TIME = v.pipe(v.string(TIME_MESSAGE), v.check(isRfc3339, TIME_MESSAGE));

const NAME_MESSAGE = "must be a string of 1 to 128 characters";
const NAME = v.pipe(v.string(NAME_MESSAGE), v.minLength(1, NAME_MESSAGE), v.maxLength(128, NAME_MESSAGE));

const KEY = matching(/^[a-z][a-z0-9_.-]{0,63}$/, "the name must be lower-case, of at most 64 characters");
const SCALAR = v.union(
  [v.pipe(v.string(), v.maxLength(256)), v.number(), v.boolean()],
  "must be a string of at most 256 characters, a number or a boolean",
);
const ATTRIBUTES_MESSAGE = `must be an object with at most ${MAX_ATTRIBUTES} fields`;
const ATTRIBUTES = v.pipe(
  map(KEY, SCALAR, ATTRIBUTES_MESSAGE),
  v.check((fields) => Object.keys(fields).length <= MAX_ATTRIBUTES, ATTRIBUTES_MESSAGE),
);

/** The schema of one ad event whose type is one of `accept`. */
export function eventSchema(accept: readonly string[]) {
  return v.pipe(
    object({
      type: v.picklist(accept, "must be an event type that this plane accepts"),
      id: ID,
      time: TIME,
      campaign: v.optional(NAME),
      creative: v.optional(NAME),
      placement: v.optional(NAME),
      value: v.optional(between(0, 1e9)),
      currency: v.optional(CURRENCY),
      attributes: v.optional(ATTRIBUTES),
    }),
    v.check((event) => event.value === undefined || event.currency !== undefined, "a value needs a currency"),
  );
}

export type EventSchema = ReturnType<typeof eventSchema>;
export type AdEvent = v.InferOutput<EventSchema>;
