// SPDX-License-Identifier: GPL-3.0-or-later
import * as v from "valibot";
import type { Problem } from "./http.ts";
import { isObject } from "./json.ts";

/** A list of problems is cut here: the answer must not grow with the input. */
export const MAX_PROBLEMS = 20;
const MAX_KEY = 64;

/** An object with these fields and no others. */
export function object<const Entries extends v.ObjectEntries>(entries: Entries) {
  return v.pipe(plain("must be an object"), v.strictObject(entries, objectMessage));
}

/** An object whose every key and value is checked alike. */
export function map<Value extends v.GenericSchema>(key: v.GenericSchema<string, string>, value: Value, message: string) {
  return v.pipe(plain(message), v.record(key, value, message));
}

/** A string that the rule matches. */
export function matching(rule: RegExp, message: string) {
  return v.pipe(v.string(message), v.regex(rule, message));
}

export function between(from: number, to: number) {
  const message = `must be a number from ${from} to ${to}`;
  return v.pipe(v.number(message), v.minValue(from, message), v.maxValue(to, message));
}

export function integer(from: number, to: number) {
  const message = `must be a whole number from ${from} to ${to}`;
  return v.pipe(v.number(message), v.integer(message), v.minValue(from, message), v.maxValue(to, message));
}

/** Schema findings as problems below `base`; the messages are the schema's own and hold no value. */
export function problems(issues: readonly v.BaseIssue<unknown>[], base = ""): Problem[] {
  return issues.slice(0, MAX_PROBLEMS).map((issue) => ({ path: base + pointer(issue), message: issue.message }));
}

/** The library takes a list for an object. */
function plain(message: string) {
  return v.custom<Record<string, unknown>>(isObject, message);
}

/** A strict object fails in three ways, which need three sentences. */
function objectMessage(issue: v.StrictObjectIssue): string {
  if (issue.expected === "never") return "is not a known field";
  return issue.expected === "Object" ? "must be an object" : "is required";
}

/** A JSON Pointer. A key can come from the client, so it is cut. */
function pointer(issue: v.BaseIssue<unknown>): string {
  const keys = issue.path?.map((item) => String(item.key)) ?? [];
  return keys.map((key) => `/${key.slice(0, MAX_KEY).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
