// SPDX-License-Identifier: GPL-3.0-or-later

/** Whether an event is kept: the same id gets the same answer in every region, isolate and version. */
export function sampled(id: string, rate: number): boolean {
  return hash(id) / 2 ** 32 < rate;
}

/** FNV-1a, then MurmurHash3's finaliser because FNV-1a alone spreads short ids badly over its upper bits. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) state = Math.imul(state ^ text.charCodeAt(at), 0x01000193);
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return (state ^ (state >>> 16)) >>> 0;
}
