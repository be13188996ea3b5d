// Power over time: what comes in above the line and what goes out below, stacked, or each as a line.

import { areaPath, linePath, runs, thinned } from "../core/shape.js";
import { niceScale } from "../core/scale.js";
import { svg } from "../ui/dom.js";
import { format, t } from "../ui/text.js";
import { drawing, frameOf, hatch, holes, timeMarks, timeScale, valueMarks } from "./frame.js";

/** @typedef {import("../types").Track} Track */
/** @typedef {import("../types").Maybe} Maybe */
/** @typedef {{size: import("../types").Size, power: Track, span: import("../types").Span, zone: import("../types").Zone, nowAt: number, firstAt: number, before: Track | null, shift: number, mode: string, only: string}} Shown */

const HEIGHT = 280;
const UP = [["solar", "solar"], ["battery", "batteryOut"], ["grid", "gridIn"]];
const DOWN = [["load", "load"], ["battery", "batteryIn"], ["grid", "gridOut"]];
const LINES = [["solar", "solar"], ["load", "load"], ["battery", "battery"], ["grid", "grid"], ["losses", "losses"]];

/** @param {Shown} shown @returns {import("../types").Chart} */
export function powerChart(shown) {
  const { width, bottom, top } = frameOf(shown.size, HEIGHT);
  const track = thinned(shown.power, width);
  const layers = shown.mode === "lines" ? linesOf(track, shown.only) : stacksOf(track, shown.only);
  const ghosts = shown.before ? ghostsOf(thinned(shown.before, width), shown) : [];
  const [low, high] = extremes([...layers, ...ghosts], shown.mode);
  const y = niceScale(low, high, bottom, top, 7);
  const empty = runs(track.from.length, (index) => isGap(track, index) && track.to[index] <= shown.nowAt && track.to[index] > shown.firstAt);
  const known = track.values.load.filter((value) => value !== null).length;
  /** @param {HTMLElement} box @param {import("../types").Size} roomy */
  const draw = (box, roomy) => {
    const frame = frameOf(roomy, HEIGHT);
    const x = timeScale(frame, shown.span);
    const label = t("chart.powerLabel", { known, size: track.from.length });
    box.replaceChildren(drawing(
      frame, label, hatch("hatch"), ...timeMarks(frame, x, shown.span, shown.zone), ...valueMarks(frame, y, kilowatts),
      ...holes(frame, x, track, empty),
      ...layers.flatMap((layer) => (shown.mode === "lines" ? curve(layer, track, x, y) : area(layer, track, x, y))),
      ...ghosts.flatMap((ghost) => curve(ghost, ghost.track, x, y, "curve ghost")),
      svg("line", { class: "zero", x1: frame.left, x2: frame.right, y1: y(0), y2: y(0) }),
    ));
  };
  return { labels: y.ticks.map(kilowatts), draw };
}

/** @typedef {{key: string, low: Maybe[], high: Maybe[]}} Layer */

/**
 * One upon the other, away from the line. What was never measured (a house without a battery) leaves no hole in what
 * lies on it; a value that is missing for a while does.
 * @param {Track} track @param {string} only @returns {Layer[]}
 */
function stacksOf(track, only) {
  const losses = track.values.losses;
  const positive = losses.map((w) => (w === null ? null : Math.max(0, w)));
  const negative = losses.map((w) => (w === null ? null : Math.max(0, -w)));
  const wanted = (/** @type {string} */ key) => !only || only === key;
  const pile = (/** @type {[string, Maybe[]][]} */ parts, /** @type {number} */ sign) => {
    let base = /** @type {Maybe[]} */ (track.from.map(() => 0));
    return parts.filter(([key, values]) => wanted(key) && values.some((w) => w !== null)).map(([key, values]) => {
      const low = base;
      base = values.map((w, index) => (w === null || low[index] === null ? null : Number(low[index]) + sign * w));
      return { key, low, high: base };
    });
  };
  const of = (/** @type {string[][]} */ names) => names.map(([key, name]) => /** @type {[string, Maybe[]]} */ ([key, track.values[name]]));
  return [...pile([...of(UP), ["losses", negative]], 1), ...pile([...of(DOWN), ["losses", positive]], -1)];
}

/** @param {Track} track @param {string} only @returns {Layer[]} */
function linesOf(track, only) {
  return LINES.filter(([key]) => (only ? only === key : key !== "losses")).map(([key, name]) => ({ key, low: [], high: track.values[name] }));
}

/** The period before, moved onto this one: solar up, house down (or both up as lines). @param {Track} track @param {Shown} shown */
function ghostsOf(track, { mode, shift, only }) {
  const moved = { ...track, from: track.from.map((at) => at + shift), to: track.to.map((at) => at + shift) };
  const sign = mode === "lines" ? 1 : -1;
  return [["solar", 1], ["load", sign]].filter(([key]) => !only || only === key).map(([key, factor]) => ({
    key: String(key), low: /** @type {Maybe[]} */ ([]), track: moved,
    high: track.values[String(key)].map((w) => (w === null ? null : w * Number(factor))),
  }));
}

/** @param {Layer[]} layers @param {string} mode */
function extremes(layers, mode) {
  let low = mode === "lines" ? 0 : -300;
  let high = 500;
  for (const { high: values } of layers) {
    for (const value of values) {
      if (value !== null && value < low) low = value;
      if (value !== null && value > high) high = value;
    }
  }
  return [low, high];
}

/** @param {Layer} layer @param {Track} track @param {import("../types").Scale} x @param {import("../types").Scale} y */
function area({ key, low, high }, track, x, y) {
  const middle = middleOf(track, x);
  const at = (/** @type {Maybe[]} */ values) => (/** @type {number} */ index) => y(Number(values[index]));
  if (!high.some((value, index) => value !== null && value !== low[index])) return [];
  const half = (x(track.to[0]) - x(track.from[0])) / 2;
  return runs(high.length, (index) => high[index] !== null).map(([first, last]) => svg("path", {
    class: `area ${key}`, d: areaPath(middle, at(low), at(high), first, last, Math.max(0.7, half)),
  }));
}

/** @param {{key: string, high: Maybe[]}} layer @param {Track} track @param {import("../types").Scale} x @param {import("../types").Scale} y @param {string} kind */
function curve({ key, high }, track, x, y, kind = "curve") {
  const middle = middleOf(track, x);
  return runs(high.length, (index) => high[index] !== null).map(([first, last]) => (first === last
    ? svg("circle", { class: `dot ${key}`, cx: middle(first), cy: y(Number(high[first])), r: 1.8 })
    : svg("path", { class: `${kind} ${key}`, d: linePath(middle, (index) => y(Number(high[index])), first, last) })));
}

/** @param {Track} track @param {import("../types").Scale} x */
function middleOf(track, x) {
  return (/** @type {number} */ index) => x((track.from[index] + track.to[index]) / 2);
}

/** @param {Track} track @param {number} index */
export function isGap(track, index) {
  return ["solar", "load", "battery", "grid"].every((key) => track.values[key][index] === null);
}

/** @param {number} w */
function kilowatts(w) {
  const size = Math.abs(w);
  const digits = size < 1000 || size % 1000 ? 1 : 0;
  return w === 0 ? "0" : format.decimal(size / 1000, digits);
}
