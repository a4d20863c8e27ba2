// SPDX-License-Identifier: GPL-3.0-or-later

export type Parsed = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly reason: string };

/**
 * Parses JSON text whose nesting is bounded before the parser sees it.
 * The parser's own message is not passed on: it quotes the input.
 */
export function parseJson(text: string, maxDepth: number): Parsed {
  if (depth(text) > maxDepth) return { ok: false, reason: `must not be nested deeper than ${maxDepth} levels` };
  try {
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch {
    return { ok: false, reason: "must be valid JSON" };
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The deepest nesting of brackets outside strings; one pass, no recursion. */
function depth(text: string): number {
  let deepest = 0;
  let current = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (quoted) {
      if (char === "\\") at++;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === "{" || char === "[") deepest = Math.max(deepest, ++current);
    else if (char === "}" || char === "]") current--;
  }
  return deepest;
}
