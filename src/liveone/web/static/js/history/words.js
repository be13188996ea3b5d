// What the history section says in words: its period, the values under the cursor, what a total was made of.

import { completeness } from "../core/coverage.js";
import { ENERGIES } from "../core/energy.js";
import { energyTitle } from "../core/flows.js";
import { clock, joined } from "../core/format.js";
import { indexAt } from "../core/shape.js";
import { addDays, daysBetween } from "../core/zone.js";
import { element } from "../ui/dom.js";
import { format, t } from "../ui/text.js";
import { explain, partsTable } from "./explain.js";

const HOUR_MS = 3600000;
const DAY_MS = 86400000;
const DAY_HOURS = 24;
const MONTH_DAYS = 31;
const NAMES = ["solar", "load", "battery", "grid", "losses"];

/** @param {import("../types").State} state @param {import("../types").Span} span @param {import("../types").Zone} zone */
export function periodText(state, span, zone) {
  if (state.from !== null && state.to !== null) {
    const [from, to] = [zone.date(state.from), zone.date(state.to)];
    const end = from === to ? clock(state.to, zone) : `${format.day(to)}, ${clock(state.to, zone)}`;
    return `${format.day(from)}, ${clock(state.from, zone)}\u2013${end}`;
  }
  if (state.view === "month") return format.month(span.first);
  if (state.view === "year") return span.first.slice(0, 4);
  if (state.view === "day") return format.day(span.first);
  const last = addDays(span.next, -1);
  const first = span.first.slice(0, 4) === last.slice(0, 4) ? format.shortDay(span.first) : format.date(span.first);
  return `${first} \u2013 ${format.date(last)}`;
}

/** Each day of a stretch on which the clocks change, with its length; nothing of stretches longer than a month. @param {import("../types").Span} span @param {import("../types").Zone} zone */
export function changedDays({ first, next }, zone) {
  if (daysBetween(first, next) > MONTH_DAYS) return "";
  const said = [];
  for (let day = first; day < next; day = addDays(day, 1)) {
    const hours = (zone.start(addDays(day, 1)) - zone.start(day)) / HOUR_MS;
    if (hours !== DAY_HOURS) said.push(hoursText(day, hours));
  }
  return said.join(" ");
}

/** @param {string} day @param {number} hours */
function hoursText(day, hours) {
  const length = format.decimal(hours, Number.isInteger(hours) ? 0 : 1);
  return t(hours > DAY_HOURS ? "period.longer" : "period.shorter", { day: format.weekday(day), hours: length });
}

/** Never "100 %" where anything is missing. @param {import("../core/coverage.js").Share[]} shares */
export function coverageText(shares) {
  const share = completeness(shares);
  if (share === null) return "";
  return t("chart.coverageText", { percent: format.decimal(Math.floor(1000 * share) / 10, share === 1 ? 0 : 1) });
}

/**
 * When the cursor stands where, and every value there.
 * @param {number} at @param {import("./load.js").Loaded} loaded @param {import("../types").Zone} zone @param {string} view @returns {Node[]}
 */
export function cursorParts(at, { power }, zone, view) {
  const index = indexAt(power.from, power.to, at);
  const value = (/** @type {string} */ key) => power.values[key]?.[index] ?? null;
  const when = element("b", {}, intervalText(power.from[index], power.to[index], zone, view));
  const said = NAMES.filter((key) => value(key) !== null).map((key) => chip(key, t(`source.${key}`), joined(format.watts(value(key)))));
  if (!said.length) return [when, element("span", {}, t("cursor.nothing"))];
  const soc = value("soc");
  return [when, ...said, ...(soc === null ? [] : [chip("soc", t("chart.soc"), format.pct(soc))])];
}

/** @param {string} hue @param {string} title @param {string} value */
function chip(hue, title, value) {
  return element("span", { class: `chip ${hue}`, "data-of": hue }, `${title} `, element("b", {}, value));
}

/** @param {number} from @param {number} to @param {import("../types").Zone} zone @param {string} view */
function intervalText(from, to, zone, view) {
  const day = zone.date(from);
  if (to - from > DAY_MS * 1.1) return `${format.shortDay(day)} \u2013 ${format.day(zone.date(to - 1))}`;
  if (to - from > DAY_MS * 0.9) return format.day(day);
  const times = `${clock(from, zone)}\u2013${clock(to, zone)}`;
  return view === "day" ? times : `${format.weekday(day)}, ${times}`;
}

/**
 * @param {string} key @param {import("./load.js").Loaded} loaded @param {import("../types").Reading} reading @param {import("../types").Zone} zone
 * @param {(change: Partial<import("../types").State>) => void} set
 */
export function explainTotal(key, { energy, group }, reading, zone, set) {
  const values = energy.values[key];
  const rows = values.flatMap((kwh, index) => (kwh === null ? [] : [/** @type {[string, string, boolean]} */ ([
    partName(energy.from[index], energy.to[index], group, zone), joined(format.kwh(kwh)), energy.estimated[key]?.has(index) ?? false,
  ])]));
  const missing = values.filter((kwh) => kwh === null).length;
  const guessed = energy.estimated[key]?.size ?? 0;
  explain(t(energyTitle(reading, key)), {
    key: ENERGIES.includes(key) ? `energy.${key}` : key,
    lines: [
      [t("explain.formula"), t("explain.counterFormula")],
      [t("explain.parts"), t("explain.partsText", { known: rows.length, size: values.length, guessed, missing })],
    ],
    table: partsTable([t(`explain.group.${group}`), t("explain.energy")], rows),
    actions: group === "hour" ? [readingsButton(energy, set)] : [],
  });
}

/** To the readings themselves: the last hours that are known, minute by minute. @param {import("../types").Track} energy @param {(change: Partial<import("../types").State>) => void} set */
function readingsButton(energy, set) {
  const last = energy.values.load.findLastIndex((kwh) => kwh !== null);
  const to = energy.to[Math.max(last, 0)];
  const button = element("button", { type: "button" }, t("explain.toReadings"));
  button.addEventListener("click", () => {
    /** @type {HTMLDialogElement | null} */ (button.closest("dialog"))?.close();
    set({ from: Math.max(energy.from[0], to - 4 * HOUR_MS), to });
  });
  return button;
}

/** @param {number} from @param {number} to @param {string} group @param {import("../types").Zone} zone */
function partName(from, to, group, zone) {
  const day = zone.date(from);
  if (group === "month") return format.month(day);
  if (group === "year") return day.slice(0, 4);
  if (to - from > DAY_MS * 0.9) return format.day(day);
  return `${clock(from, zone)}\u2013${clock(to, zone)}`;
}
