// SPDX-License-Identifier: GPL-3.0-or-later
import * as v from "valibot";
import { integer, matching, object } from "../shared/schema.ts";

const NAME = matching(/^[a-z0-9][a-z0-9-]{0,62}$/, "must be the name of a region");
const CODE = matching(/^[A-Z]{2}$/, "must be a two-letter code in upper case");

const Region = object({
  name: NAME,
  binding: matching(/^GATEWAY_[A-Z0-9_]{1,63}$/, "must be GATEWAY_ and the region in upper case"),
  countries: v.optional(v.array(CODE, "must be a list"), []),
  continents: v.optional(v.array(CODE, "must be a list"), []),
  /** The only regions that may stand in for this one; without it, all. */
  fallback: v.optional(v.array(NAME, "must be a list")),
});

/** The binding ROUTES. */
export const Routes = v.pipe(
  object({
    regions: v.pipe(v.array(Region, "must be a list"), v.minLength(1, "must name at least one region")),
    default: NAME,
    timeout_ms: v.optional(integer(100, 30_000), 5_000),
  }),
  v.check(({ regions, default: name }) => areKnown(regions, [name]), "the default must be one of the regions"),
  v.check(({ regions }) => regions.every(({ fallback = [] }) => areKnown(regions, fallback)), "a fallback must be one of the regions"),
);

export type Region = v.InferOutput<typeof Region>;
export type Routes = v.InferOutput<typeof Routes>;

export interface Place {
  readonly country?: string | undefined;
  readonly continent?: string | undefined;
}

/**
 * The regions to try, best first, each once: those of the country, of the continent, the default, the rest.
 * Where the best one limits who may stand in for it, only those follow.
 */
export function order(routes: Routes, place: Place): Region[] {
  const { country = "", continent = "" } = place;
  const ranked = [
    ...routes.regions.filter((region) => region.countries.includes(country)),
    ...routes.regions.filter((region) => region.continents.includes(continent)),
    ...routes.regions.filter((region) => region.name === routes.default),
    ...routes.regions,
  ];
  const [first, ...others] = new Set(ranked);
  if (first === undefined) return [];
  const allowed = first.fallback;
  return [first, ...(allowed === undefined ? others : others.filter((region) => allowed.includes(region.name)))];
}

function areKnown(regions: readonly Region[], names: readonly string[]): boolean {
  return names.every((wanted) => regions.some((region) => region.name === wanted));
}
