// What is shown, as an address: everything a reader chose can be bookmarked, shared and gone back to.

import { VIEWS } from "./period.js";

export const LINES = ["solar", "load", "battery", "grid", "losses"];
const MODES = ["stacked", "lines"];
const UNITS = ["kwh", "w"];
const HEATS = ["solar", "load", "gridIn", "coverage"];

/** @param {string} search @param {string} today @returns {import("../types").State} */
export function readState(search, today) {
  const asked = new URLSearchParams(search);
  const one = (/** @type {string} */ name, /** @type {string[]} */ known) => {
    const value = asked.get(name) ?? "";
    return known.includes(value) ? value : known[0];
  };
  const day = asked.get("day") ?? "";
  const from = Date.parse(asked.get("from") ?? "");
  const to = Date.parse(asked.get("to") ?? "");
  const zoomed = from < to;
  return {
    view: one("view", VIEWS),
    day: isDay(day) ? day : today,
    from: zoomed ? from : null,
    to: zoomed ? to : null,
    compare: asked.get("compare") === "1",
    mode: one("mode", MODES),
    only: one("only", ["", ...LINES]),
    unit: one("unit", UNITS),
    heat: one("heat", HEATS),
  };
}

/** The shortest address that says it: what is as usual is left out. @param {import("../types").State} state @param {string} today */
export function writeState(state, today) {
  const asked = new URLSearchParams();
  if (state.view !== VIEWS[0]) asked.set("view", state.view);
  if (state.day !== today) asked.set("day", state.day);
  if (state.from !== null && state.to !== null) {
    asked.set("from", minute(state.from));
    asked.set("to", minute(state.to));
  }
  if (state.compare) asked.set("compare", "1");
  if (state.mode !== MODES[0]) asked.set("mode", state.mode);
  if (state.only) asked.set("only", state.only);
  if (state.unit !== UNITS[0]) asked.set("unit", state.unit);
  if (state.heat !== HEATS[0]) asked.set("heat", state.heat);
  const text = asked.toString().replaceAll("%3A", ":");
  return text ? `?${text}` : "";
}

/** @param {string} text */
export function isDay(text) {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text);
}

/** @param {number} at */
function minute(at) {
  return `${new Date(at).toISOString().slice(0, 16)}Z`;
}
