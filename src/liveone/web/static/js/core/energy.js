// Energies put together: totals of a period, groups by month or year, and the two shares people ask for.

export const ENERGIES = ["solar", "load", "batteryIn", "batteryOut", "gridIn", "gridOut"];

/** The names that the history gives them. @type {Record<string, string>} */
export const FIELDS = {
  solar: "solar_kwh", load: "load_kwh", batteryIn: "battery_in_kwh",
  batteryOut: "battery_out_kwh", gridIn: "grid_in_kwh", gridOut: "grid_out_kwh",
};

/** Share of the house's use that did not come from the grid. @param {import("../types").Maybe | undefined} load @param {import("../types").Maybe | undefined} gridIn */
export function selfSufficiency(load, gridIn) {
  if (load === null || load === undefined || gridIn === null || gridIn === undefined || load <= 0) return null;
  return clamp(1 - gridIn / load);
}

/** Share of the solar energy that was not exported. @param {import("../types").Maybe | undefined} solar @param {import("../types").Maybe | undefined} gridOut */
export function selfConsumption(solar, gridOut) {
  if (solar === null || solar === undefined || gridOut === null || gridOut === undefined || solar <= 0) return null;
  return clamp((solar - gridOut) / solar);
}

/**
 * @param {import("../types").Track} track
 * @returns {Record<string, {kwh: import("../types").Maybe, estimated: boolean}>}
 */
export function totals(track) {
  /** @type {Record<string, {kwh: import("../types").Maybe, estimated: boolean}>} */
  const found = {};
  for (const key of ENERGIES) {
    const known = (track.values[key] ?? []).filter((value) => value !== null);
    found[key] = { kwh: known.length ? known.reduce((a, b) => Number(a) + Number(b), 0) : null, estimated: (track.estimated[key]?.size ?? 0) > 0 };
  }
  return found;
}

/**
 * Days put together by what `nameOf` calls them (a month, a year); an estimated part makes the sum estimated.
 * @param {import("../types").Track} track @param {(from: number) => string} nameOf @returns {import("../types").Track}
 */
export function grouped(track, nameOf) {
  /** @type {import("../types").Track} */
  const result = { from: [], to: [], values: {}, estimated: {} };
  const names = track.from.map(nameOf);
  for (const key of Object.keys(track.values)) {
    result.values[key] = [];
    result.estimated[key] = new Set();
  }
  names.forEach((name, index) => {
    if (index === 0 || name !== names[index - 1]) {
      result.from.push(track.from[index]);
      result.to.push(track.to[index]);
      for (const key of Object.keys(track.values)) result.values[key].push(null);
    }
    const group = result.from.length - 1;
    result.to[group] = track.to[index];
    for (const [key, all] of Object.entries(track.values)) {
      const value = all[index];
      if (value !== null) result.values[key][group] = (result.values[key][group] ?? 0) + value;
      if (track.estimated[key]?.has(index)) result.estimated[key].add(group);
    }
  });
  return result;
}

/**
 * The part that still runs at `until`: its place, and as much of its counterpart; null where none does.
 * @param {import("../types").Track} now @param {import("../types").Track} before @param {number} until
 * @returns {{index: number, startAt: number, endAt: number} | null}
 */
export function runningPart(now, before, until) {
  const index = now.from.findIndex((from, place) => from < until && until < now.to[place]);
  if (index < 0 || index >= before.from.length) return null;
  const startAt = before.from[index];
  return { index, startAt, endAt: Math.min(before.to[index], startAt + until - now.from[index]) };
}

/**
 * Two periods as far as they can be compared: only the parts (days, hours) that both of them have, by their place in
 * the period. The part that still runs at `until` is compared with as much of its counterpart: with `soFar`, what had
 * flowed in that by then (no sun shines evenly over a day), or, of so short a part that it was not asked for, its share.
 * @param {import("../types").Track} now @param {import("../types").Track} before @param {number} until
 * @param {Record<string, import("../types").Maybe> | null} soFar
 * @returns {{now: import("../types").Track, before: import("../types").Track, common: number, parts: number}}
 */
export function comparable(now, before, until, soFar = null) {
  const known = now.from.map((_, index) => hasPart(now, index));
  const both = known.map((has, index) => has && hasPart(before, index));
  const passed = now.from.map((from, index) => clamp((until - from) / (now.to[index] - from)));
  const then = weighted(before, (index) => (both[index] ? passed[index] : 0));
  const runs = soFar && runningPart(now, before, until);
  if (soFar && runs && both[runs.index]) {
    for (const key of Object.keys(then.values)) then.values[key][runs.index] = soFar[key] ?? null;
  }
  return {
    now: weighted(now, (index) => (both[index] ? 1 : 0)),
    before: then,
    common: both.filter(Boolean).length,
    parts: Math.max(known.filter(Boolean).length, before.from.filter((_, index) => hasPart(before, index)).length),
  };
}

/** @param {import("../types").Track} track @param {number} index */
function hasPart(track, index) {
  return ENERGIES.some((key) => (track.values[key]?.[index] ?? null) !== null);
}

/** Each part by its share; what does not count is not known. @param {import("../types").Track} track @param {(index: number) => number} share @returns {import("../types").Track} */
function weighted(track, share) {
  const values = Object.fromEntries(Object.entries(track.values).map(([key, all]) => [key, all.map((value, index) => (value === null || !share(index) ? null : value * share(index)))]));
  return { ...track, values };
}

/** Mean W of an energy over hours. @param {import("../types").Maybe} kwh @param {number | null} hours */
export function meanW(kwh, hours) {
  return kwh === null || !hours ? null : (kwh * 1000) / hours;
}

/** Relative change, or null when there is nothing to compare with. @param {import("../types").Maybe} now @param {import("../types").Maybe} before */
export function change(now, before) {
  return now === null || before === null || Math.abs(before) < 0.05 ? null : now / before - 1;
}

/** @param {number} share */
function clamp(share) {
  return Math.max(0, Math.min(1, share));
}
