// SPDX-License-Identifier: GPL-3.0-or-later

export const LEVELS = ["debug", "info", "warn", "error"] as const;
export type Level = (typeof LEVELS)[number];

/** Writes one line of JSON. Fields are ids, names and counts; never a value that a client sent unchecked. */
export function log(threshold: Level, level: Level, message: string, fields: Readonly<Record<string, unknown>>): void {
  if (LEVELS.indexOf(level) < LEVELS.indexOf(threshold)) return;
  const line = JSON.stringify({ level, message, ...fields });
  if (level === "error") console.error(line);
  else if (level === "warn") console.warn(line);
  else console.log(line);
}

/** What may be logged of an exception: its kind and its frames. Its message can quote input. */
export function trouble(error: unknown): { kind: string; frames: string[] } {
  if (!(error instanceof Error)) return { kind: typeof error, frames: [] };
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return { kind: error.name, frames: frames.slice(0, 8).map((line) => line.trim()) };
}
