// From values to pixels, and where the marks stand. Time marks stand on the system's own hours, days, months.

import { addDays, daysBetween } from "./zone.js";
import { monthsLater } from "./period.js";

const MINUTE_MS = 60000;
const DAY_MIN = 1440;
const QUARTER_MIN = 15;
const STEPS_MIN = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720];
const CLOCK_DAYS = 2.5;

/**
 * A scale that holds `low` and `high` and not much more: its ends are quarters of the step of its marks.
 * @param {number} low @param {number} high @param {number} start pixel of the low end @param {number} end @param {number} count of marks, about
 * @returns {import("../types").Scale}
 */
export function niceScale(low, high, start, end, count) {
  const step = niceStep((high - low || 1) / count);
  const first = (Math.floor((4 * low) / step + 1e-9) * step) / 4;
  const last = (Math.ceil((4 * high) / step - 1e-9) * step) / 4;
  const ticks = [];
  for (let index = Math.ceil(first / step - 1e-9); index * step <= last + step * 1e-9; index += 1) ticks.push(round(index * step));
  return scale(first, last, start, end, ticks);
}

/** @param {number} low @param {number} high @param {number} start @param {number} end @param {number[]} ticks @returns {import("../types").Scale} */
export function scale(low, high, start, end, ticks = []) {
  const ratio = (end - start) / (high - low || 1);
  const to = (/** @type {number} */ value) => start + (value - low) * ratio;
  return Object.assign(to, { invert: (/** @type {number} */ pixel) => low + (pixel - start) / ratio, low, high, ticks });
}

/** The next of 1, 2, 5, 10, ... @param {number} rough */
export function niceStep(rough) {
  const size = 10 ** Math.floor(Math.log10(rough));
  return /** @type {number} */ ([1, 2, 5, 10].find((n) => n * size >= rough * 0.999)) * size;
}

/**
 * Marks of local time, at most about `count`: `kind` says how to write them.
 * @param {number} startAt @param {number} endAt @param {number} count @param {import("../types").Zone} zone
 * @returns {{at: number, kind: "time" | "day" | "month" | "year"}[]}
 */
export function timeTicks(startAt, endAt, count, zone) {
  const spanMin = (endAt - startAt) / MINUTE_MS;
  const step = STEPS_MIN.find((each) => spanMin / each <= count);
  if (step && spanMin <= CLOCK_DAYS * DAY_MIN) return clockTicks(startAt, endAt, step, zone);
  const days = spanMin / DAY_MIN;
  const everyDays = [1, 2, 3, 7, 14].find((each) => days / each <= count);
  if (everyDays && days < 62) return dayTicks(startAt, endAt, everyDays, zone);
  const everyMonths = [1, 2, 3, 6, 12, 24, 60, 120].find((each) => days / 30.4 / each <= count) ?? 240;
  return monthTicks(startAt, endAt, everyMonths, zone);
}

/** Only times that the clocks really showed: an hour that was skipped has no mark, one that came twice has two. */
/** @param {number} startAt @param {number} endAt @param {number} step @param {import("../types").Zone} zone */
function clockTicks(startAt, endAt, step, zone) {
  /** @type {{at: number, kind: "time"}[]} */
  const found = [];
  for (let day = zone.date(startAt); zone.start(day) <= endAt; day = addDays(day, 1)) {
    const next = zone.start(addDays(day, 1));
    for (let at = zone.start(day); at < next; at += Math.min(step, QUARTER_MIN) * MINUTE_MS) {
      const close = found.length && at - found[found.length - 1].at < 0.75 * step * MINUTE_MS;
      if (at >= startAt && at <= endAt && zone.minute(at) % step === 0 && !close) found.push({ at, kind: "time" });
    }
  }
  return found;
}

/** @param {number} startAt @param {number} endAt @param {number} every @param {import("../types").Zone} zone */
function dayTicks(startAt, endAt, every, zone) {
  /** @type {{at: number, kind: "day"}[]} */
  const found = [];
  const first = zone.date(startAt);
  for (let index = 0; index <= daysBetween(first, zone.date(endAt)); index += every) {
    const at = zone.start(addDays(first, index));
    if (at >= startAt && at < endAt) found.push({ at, kind: "day" });
  }
  return found;
}

/** @param {number} startAt @param {number} endAt @param {number} every @param {import("../types").Zone} zone */
function monthTicks(startAt, endAt, every, zone) {
  /** @type {{at: number, kind: "month" | "year"}[]} */
  const found = [];
  const firstYear = Number(zone.date(startAt).slice(0, 4));
  let day = `${every >= 12 ? firstYear - (firstYear % (every / 12)) : firstYear}-01-01`;
  for (; zone.start(day) < endAt; day = monthsLater(day, every)) {
    if (zone.start(day) >= startAt) found.push({ at: zone.start(day), kind: day.slice(5, 7) === "01" ? "year" : "month" });
  }
  return found;
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 1e6) / 1e6 + 0;
}
