// SPDX-License-Identifier: GPL-3.0-or-later
import * as v from "valibot";
import { LEVELS } from "../shared/log.ts";
import { between, integer, map, matching, object } from "../shared/schema.ts";

const EVENT_TYPE = matching(/^[a-z][a-z0-9_-]{0,63}$/, "must be a lower-case name");
const ORIGIN = matching(/^https?:\/\/[^\s\/]{1,300}$/, "must be an origin such as https://www.example.com");

/** The config document. Every setting is optional; a setting that is not listed here is an error. */
export const Settings = object({
  accept: v.optional(v.array(EVENT_TYPE, "must be a list"), ["impression", "click", "conversion", "view"]),
  max_event_bytes: v.optional(integer(256, 131072), 16384),
  max_batch: v.optional(integer(1, 1000), 100),
  sample_rate: v.optional(between(0, 1), 1),
  cors_origins: v.optional(v.array(ORIGIN, "must be a list"), []),
  log_level: v.optional(v.picklist(LEVELS, `must be one of ${LEVELS.join(", ")}`), "info"),
  labels: v.optional(map(v.string(), v.string("must be a string"), "must be an object"), {}),
});

export type Settings = v.InferOutput<typeof Settings>;
