// SPDX-License-Identifier: GPL-3.0-or-later
import * as v from "valibot";
import { decodeUtf8, MAX_BODY_BYTES, readBody } from "../shared/body.ts";
import { HttpError, type Problem } from "../shared/http.ts";
import { isObject, parseJson } from "../shared/json.ts";
import { MAX_PROBLEMS, problems } from "../shared/schema.ts";
import { eventSchema, type AdEvent, type EventSchema } from "./event.ts";
import type { Settings } from "./settings.ts";

/** Depth of a batch: the object, its list, an event, its attributes; the rest is so that the schema can speak. */
const MAX_DEPTH = 8;
const CONTENT_TYPE = /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

/** The events of a request, all of them valid; otherwise an HttpError that lists what is wrong. */
export async function readBatch(request: Request, settings: Settings): Promise<AdEvent[]> {
  requireJson(request.headers);
  const items = split(await readJson(request, bodyLimit(settings)));
  if (items.values.length > settings.max_batch) {
    throw tooLarge([{ path: "/events", message: `must have at most ${settings.max_batch} events` }]);
  }
  requireSizes(items, settings.max_event_bytes);
  return validate(items, eventSchema(settings.accept));
}

interface Items {
  readonly values: readonly unknown[];
  readonly pathOf: (index: number) => string;
}

function requireJson(headers: Headers): void {
  const encoding = headers.get("content-encoding") ?? "identity";
  if (encoding.toLowerCase() === "identity" && CONTENT_TYPE.test(headers.get("content-type") ?? "")) return;
  throw new HttpError(415, { error: "the body must be application/json in UTF-8, not compressed" }, { accept: "application/json" });
}

function bodyLimit(settings: Settings): number {
  return Math.min(settings.max_event_bytes * settings.max_batch + 1024, MAX_BODY_BYTES);
}

async function readJson(request: Request, limit: number): Promise<unknown> {
  const bytes = await readBody(request, limit);
  if (bytes === null) throw tooLarge([{ path: "", message: `must be at most ${limit} bytes` }]);
  const text = decodeUtf8(bytes);
  if (text === null) throw invalid([{ path: "", message: "must be UTF-8" }]);
  const parsed = parseJson(text, MAX_DEPTH);
  if (!parsed.ok) throw invalid([{ path: "", message: parsed.reason }]);
  return parsed.value;
}

/** One event, or the list in `{"events": [...]}`. */
function split(body: unknown): Items {
  if (!isObject(body)) throw invalid([{ path: "", message: 'must be an event or {"events": [...]}' }]);
  if (!Object.hasOwn(body, "events")) return { values: [body], pathOf: () => "" };
  const { events, ...rest } = body;
  if (Object.keys(rest).length > 0) throw invalid([{ path: "", message: "must have no field beside events" }]);
  if (!Array.isArray(events) || events.length === 0) throw invalid([{ path: "/events", message: "must be a list of at least one event" }]);
  return { values: events, pathOf: (index) => `/events/${index}` };
}

function requireSizes(items: Items, limit: number): void {
  const encoder = new TextEncoder();
  const large = items.values.findIndex((value) => encoder.encode(JSON.stringify(value)).byteLength > limit);
  if (large >= 0) throw tooLarge([{ path: items.pathOf(large), message: `must be at most ${limit} bytes` }]);
}

function validate(items: Items, schema: EventSchema): AdEvent[] {
  const found: Problem[] = [];
  const events: AdEvent[] = [];
  for (const [index, value] of items.values.entries()) {
    const result = v.safeParse(schema, value, { abortPipeEarly: true });
    if (result.success) events.push(result.output);
    else found.push(...problems(result.issues, items.pathOf(index)));
    if (found.length >= MAX_PROBLEMS) break;
  }
  if (found.length > 0) throw invalid(found.slice(0, MAX_PROBLEMS));
  return events;
}

function invalid(errors: readonly Problem[]): HttpError {
  return new HttpError(400, { error: "the request is not valid; nothing of it was accepted", errors });
}

function tooLarge(errors: readonly Problem[]): HttpError {
  return new HttpError(413, { error: "the request is too large; nothing of it was accepted", errors });
}
