// SPDX-License-Identifier: GPL-3.0-or-later

/** One hop of a distributed trace, as in W3C Trace Context level 2 (https://www.w3.org/TR/trace-context-2/). */
export interface Trace {
  readonly traceId: string;
  /** The id of this hop: the parent of every request it makes. */
  readonly spanId: string;
  readonly flags: number;
  readonly state: string | null;
}

const PARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const MEMBER = /^[a-z0-9][a-z0-9_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
const SAMPLED = 0x01;
const RANDOM = 0x02;
const MAX_STATE = 4096;
const MAX_MEMBERS = 32;

/** Continues the caller's trace with a new span id, or begins one when there is none or it is malformed. */
export function continueTrace(headers: Headers): Trace {
  const parent = parseParent(headers.get("traceparent"));
  if (parent === null) return { traceId: hex(16), spanId: hex(8), flags: RANDOM, state: null };
  return { ...parent, spanId: hex(8), state: parseState(headers.get("tracestate")) };
}

export function traceparent(trace: Trace): string {
  return `00-${trace.traceId}-${trace.spanId}-${trace.flags.toString(16).padStart(2, "0")}`;
}

export function setTrace(headers: Headers, trace: Trace): void {
  headers.set("traceparent", traceparent(trace));
  if (trace.state === null) headers.delete("tracestate");
  else headers.set("tracestate", trace.state);
}

/** Sections 3.2 and 4.1: version ff is forbidden, version 00 has no further fields, later versions are read as 00. */
function parseParent(value: string | null): Pick<Trace, "traceId" | "flags"> | null {
  const match = value === null || value.length > 512 ? null : PARENT.exec(value);
  if (match === null) return null;
  const [, version, traceId = "", parentId = "", flags = "", more] = match;
  if (version === "ff" || (version === "00" && more !== undefined)) return null;
  if (/^0+$/.test(traceId) || /^0+$/.test(parentId)) return null;
  return { traceId, flags: Number.parseInt(flags, 16) & (SAMPLED | RANDOM) };
}

/** Passed on unchanged; a list that does not parse is dropped as a whole (section 3.3.1). */
function parseState(value: string | null): string | null {
  if (value === null || value.length > MAX_STATE) return null;
  const members = value.split(",").map((member) => member.trim()).filter((member) => member !== "");
  const valid = members.length > 0 && members.length <= MAX_MEMBERS && members.every((member) => MEMBER.test(member));
  return valid ? value : null;
}

/** Random bytes as hex, never all zero. */
function hex(bytes: number): string {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  if (random.every((byte) => byte === 0)) return hex(bytes);
  return Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
