// What the charts show, asked of the server and brought into tracks: intervals with their values, null for gaps.

import { ENERGIES, FIELDS, grouped, runningPart, totals } from "../core/energy.js";
import { lossesW } from "../core/flows.js";
import { grouping } from "../core/period.js";
import { addDays, daysBetween } from "../core/zone.js";
import { ask } from "../ui/api.js";
import { iso } from "../core/csv.js";

const MINUTE_MS = 60000;
const HOUR_MS = 3600000;
const INTERVAL_MS = 5 * MINUTE_MS;
const RAW_MS = 12 * HOUR_MS;
const MOST_POINTS = 10000;
const POWERS = ["solar", "load", "battery", "grid", "soc"];
const UNITS_MS = { m: MINUTE_MS, h: HOUR_MS };
const ENERGY_FIELDS = ENERGIES.map((key) => FIELDS[key]);

/** @typedef {import("../types").Track} Track */
/**
 * `parts`: the energies of days or hours, which `grouped` puts together to those that are drawn, `energy`.
 * `steps`: how the powers' intervals were asked for; null where they are single readings.
 * @typedef {{power: Track, energy: Track, parts: Track, grouped: (parts: Track) => Track, group: string, steps: Record<string, string | number> | null}} Loaded
 */

/**
 * @param {number} systemId @param {import("../types").Span} span @param {string} view "zoom" for a stretch of one's own
 * @param {import("../types").Zone} zone @returns {Promise<Loaded>}
 */
export async function loadSpan(systemId, span, view, zone) {
  if (view === "zoom") return loadZoom(systemId, span, zone);
  const days = daysBetween(span.first, span.next);
  const group = grouping(view, days);
  if (inDays(group)) {
    const steps = { interval: "auto", points: Math.min(days, MOST_POINTS) };
    const all = await history(systemId, span, [...ENERGY_FIELDS, "soc"], steps, zone);
    const length = group === "month" ? 7 : 4;
    const parts = energiesOf(all);
    const together = (/** @type {Track} */ days) => grouped(days, (from) => zone.date(from).slice(0, length));
    return { power: meanPowers(all), energy: together(parts), parts, grouped: together, group, steps };
  }
  const steps = { interval: "auto", points: view === "day" ? 300 : view === "week" ? 700 : 750 };
  const [power, parts] = await Promise.all([
    history(systemId, span, POWERS, steps, zone),
    history(systemId, span, ENERGY_FIELDS, group === "hour" ? hourly(span) : { interval: "1d" }, zone),
  ]);
  const energy = inWholeHours(span) || group !== "hour" ? parts : grouped(parts, (from) => iso(from, zone).slice(0, 13));
  const found = energiesOf(energy);
  return { power: derived(power), energy: found, parts: found, grouped: same, group, steps };
}

/**
 * Where the clocks move by half an hour, hours do not divide the day: they are put together of halves.
 * @param {import("../types").Span} span @returns {Record<string, string | number>}
 */
function hourly(span) {
  return inWholeHours(span) ? { interval: "auto", points: (span.endAt - span.startAt) / HOUR_MS } : { interval: "30m" };
}

/** @param {import("../types").Span} span */
function inWholeHours({ startAt, endAt }) {
  return (endAt - startAt) % HOUR_MS === 0;
}

/** @param {number} systemId @param {import("../types").Span} span @param {import("../types").Zone} zone @returns {Promise<Loaded>} */
async function loadZoom(systemId, span, zone) {
  const length = span.endAt - span.startAt;
  const steps = length <= RAW_MS ? null : { interval: "auto", points: 1000 };
  const parts = { interval: "auto", points: length > 31 * 24 * HOUR_MS ? 400 : 40 };
  const [power, energy] = await Promise.all([
    steps ? history(systemId, span, POWERS, steps, zone).then(derived) : readings(systemId, span, zone),
    history(systemId, span, ENERGY_FIELDS, parts, zone),
  ]);
  const found = energiesOf(energy);
  return { power, energy: found, parts: found, grouped: same, group: "part", steps };
}

/**
 * What had flowed in the counterpart of the part that still runs; null where that is too short to ask for.
 * @param {number} systemId @param {Loaded} now @param {Loaded} before @param {number} until @param {import("../types").Zone} zone
 * @returns {Promise<Record<string, import("../types").Maybe> | null>}
 */
export async function loadSoFar(systemId, now, before, until, zone) {
  const runs = runningPart(now.parts, before.parts, until);
  if (!runs || now.parts.to[runs.index] - now.parts.from[runs.index] <= HOUR_MS) return null;
  const { startAt } = runs;
  const endAt = startAt + Math.floor((runs.endAt - startAt) / INTERVAL_MS) * INTERVAL_MS;
  if (endAt <= startAt) return null;
  const span = { startAt, endAt, first: zone.date(startAt), next: zone.date(endAt) };
  const found = totals(energiesOf(await history(systemId, span, ENERGY_FIELDS, { interval: "auto", points: MOST_POINTS }, zone)));
  return Object.fromEntries(ENERGIES.map((key) => [key, found[key].kwh]));
}

/**
 * What is shown as a table: powers, state of charge and the energies of the same intervals. Single readings have no
 * energies: counters are told in whole kWh.
 * @param {number} systemId @param {import("../types").Span} span @param {Loaded} loaded @param {import("../types").Zone} zone @returns {Promise<Track>}
 */
export async function loadTable(systemId, span, { power, group, steps }, zone) {
  if (!steps) return power;
  const all = await history(systemId, span, [...POWERS, ...ENERGY_FIELDS], steps, zone);
  const powers = inDays(group) ? meanPowers(all) : derived(all);
  return { ...all, values: { ...all.values, ...powers.values } };
}

/** @param {Track} parts */
function same(parts) {
  return parts;
}

/** @param {string} group */
function inDays(group) {
  return group === "month" || group === "year";
}

/**
 * @param {number} systemId @param {import("../types").Span} span @param {string[]} fields
 * @param {Record<string, string | number>} resolution @param {import("../types").Zone} zone @returns {Promise<Track>}
 */
export async function history(systemId, span, fields, resolution, zone) {
  const whole = zone.start(zone.date(span.startAt)) === span.startAt && zone.start(zone.date(span.endAt)) === span.endAt;
  const last = resolution.interval === "1d" ? addDays(span.next, -1) : span.next;
  const range = whole ? { startTime: span.first, endTime: last } : { startTime: iso(span.startAt, zone), endTime: iso(span.endAt, zone) };
  const query = new URLSearchParams(Object.entries({ systemId, fields: fields.join(","), ...resolution, ...range }).map(([key, value]) => [key, String(value)]));
  const { data } = await ask(`/api/v2/history?${query}`);
  return toTrack(data, fields, zone);
}

/** @param {any[]} series OpenNEM's @param {string[]} names @param {import("../types").Zone} zone @returns {Track} */
export function toTrack(series, names, zone) {
  const { start, interval, data } = series[0].history;
  const number = parseInt(interval, 10);
  const unit = interval.slice(String(number).length);
  /** @type {Track} */
  const track = { from: [], to: [], values: {}, estimated: {} };
  for (let index = 0; index < data.length; index += 1) {
    if (unit === "d") {
      track.from.push(zone.start(addDays(start, index * number)));
      track.to.push(zone.start(addDays(start, (index + 1) * number)));
    } else {
      const step = number * UNITS_MS[/** @type {"m" | "h"} */ (unit)];
      track.from.push(Date.parse(start) + (index - 1) * step);
      track.to.push(Date.parse(start) + index * step);
    }
  }
  names.forEach((name, index) => {
    track.values[name] = series[index].history.data;
    if (series[index].history.estimated) track.estimated[name] = new Set(series[index].history.estimated);
  });
  return track;
}

/** @param {number} systemId @param {import("../types").Span} span @param {import("../types").Zone} zone @returns {Promise<Track>} */
async function readings(systemId, span, zone) {
  const query = new URLSearchParams({ systemId: String(systemId), startTime: iso(span.startAt, zone), endTime: iso(span.endAt, zone) });
  const { columns, cadenceS } = await ask(`/api/readings?${query}`);
  const to = columns.time.map((/** @type {string} */ text) => Date.parse(text));
  const usual = usualStep(to, cadenceS * 1000);
  const longest = 3 * usual;
  const from = to.map((/** @type {number} */ at, /** @type {number} */ index) => (index && at - to[index - 1] <= longest ? to[index - 1] : at - usual));
  const values = { solar: columns.solarW, load: columns.loadW, battery: columns.batteryW, grid: columns.gridW, soc: columns.soc };
  return derived(withGaps({ from, to, values, estimated: {} }));
}

/** How far apart readings usually are: the cadence may have been another when they were taken. @param {number[]} times @param {number} cadenceMs */
function usualStep(times, cadenceMs) {
  const steps = times.slice(1).map((at, index) => at - times[index]).sort((a, b) => a - b);
  return steps.length ? Math.max(cadenceMs, steps[steps.length >> 1]) : cadenceMs;
}

/** Between readings that are further apart than polls may be, an empty interval, so that the gap is drawn. @param {Track} track @returns {Track} */
export function withGaps(track) {
  /** @type {Track} */
  const whole = { from: [], to: [], values: {}, estimated: {} };
  const keys = Object.keys(track.values);
  for (const key of keys) whole.values[key] = [];
  track.from.forEach((from, index) => {
    if (index && from > track.to[index - 1]) {
      whole.from.push(track.to[index - 1]);
      whole.to.push(from);
      for (const key of keys) whole.values[key].push(null);
    }
    whole.from.push(from);
    whole.to.push(track.to[index]);
    for (const key of keys) whole.values[key].push(track.values[key][index]);
  });
  return whole;
}

/** Both directions of battery and grid apart, and what is left unexplained. @param {Track} track @returns {Track} */
export function derived(track) {
  const { solar, load, battery, grid } = track.values;
  const up = (/** @type {import("../types").Maybe} */ w) => (w === null ? null : Math.max(0, w));
  const down = (/** @type {import("../types").Maybe} */ w) => (w === null ? null : Math.max(0, -w));
  const losses = solar.map((w, index) => lossesW(w, battery[index], grid[index], load[index]));
  return {
    ...track,
    values: { ...track.values, batteryOut: battery.map(up), batteryIn: battery.map(down), gridIn: grid.map(up), gridOut: grid.map(down), losses },
  };
}

/** Mean powers of days out of their energies, so that a day's charging and discharging do not cancel. @param {Track} track @returns {Track} */
function meanPowers(track) {
  const w = (/** @type {string} */ key) => track.values[FIELDS[key]].map((kwh, index) => (kwh === null ? null : (kwh * HOUR_MS * 1000) / (track.to[index] - track.from[index])));
  const minus = (/** @type {import("../types").Maybe[]} */ a, /** @type {import("../types").Maybe[]} */ b) => a.map((value, index) => {
    const less = b[index];
    return value === null || less === null ? null : value - less;
  });
  const values = Object.fromEntries(ENERGIES.map((key) => [key, w(key)]));
  const battery = minus(values.batteryOut, values.batteryIn);
  const grid = minus(values.gridIn, values.gridOut);
  const losses = values.solar.map((each, index) => lossesW(each, battery[index], grid[index], values.load[index]));
  return { from: track.from, to: track.to, values: { ...values, battery, grid, losses, soc: track.values.soc }, estimated: {} };
}

/** @param {Track} track @returns {Track} */
function energiesOf(track) {
  const pairs = ENERGIES.map((key) => /** @type {[string, import("../types").Maybe[]]} */ ([key, track.values[FIELDS[key]]]));
  const flags = ENERGIES.map((key) => /** @type {[string, Set<number>]} */ ([key, track.estimated[FIELDS[key]] ?? new Set()]));
  return { from: track.from, to: track.to, values: Object.fromEntries(pairs), estimated: Object.fromEntries(flags) };
}
