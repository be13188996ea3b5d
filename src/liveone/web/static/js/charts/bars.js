// Energy by hour, day, month or year: what came in stands up, what went out hangs down. Estimates are hatched;
// the period before is an outline over them.

import { niceScale } from "../core/scale.js";
import { svg } from "../ui/dom.js";
import { format, t } from "../ui/text.js";
import { drawing, frameOf, hatch, timeMarks, timeScale, valueMarks } from "./frame.js";

/** @typedef {import("../types").Track} Track */

const HEIGHT = 220;
const UP = [["solar", "solar"], ["battery", "batteryOut"], ["grid", "gridIn"]];
const DOWN = [["load", "load"], ["battery", "batteryIn"], ["grid", "gridOut"]];

/**
 * @param {{size: import("../types").Size, energy: Track, span: import("../types").Span, zone: import("../types").Zone, before: Track | null, only: string}} shown
 * @returns {import("../types").Chart}
 */
export function barsChart({ size, energy, span, zone, before, only }) {
  const up = UP.filter(([key]) => !only || only === key);
  const down = DOWN.filter(([key]) => !only || only === key);
  const count = energy.from.length;
  const tops = sums(energy, up, count);
  const bottoms = sums(energy, down, count);
  const ghostTops = before ? sums(before, up, before.from.length) : [];
  const ghostBottoms = before ? sums(before, down, before.from.length) : [];
  const high = Math.max(0.2, ...tops, ...ghostTops);
  const low = -Math.max(0.2, ...bottoms, ...ghostBottoms);
  const { bottom, top } = frameOf(size, HEIGHT);
  const y = niceScale(low, high, bottom, top, 6);
  const label = (/** @type {number} */ value) => (value === 0 ? "0" : kwhTick(Math.abs(value), y.ticks));
  /** @param {HTMLElement} box @param {import("../types").Size} roomy */
  const draw = (box, roomy) => {
    const frame = frameOf(roomy, HEIGHT);
    const x = timeScale(frame, span);
    const place = (/** @type {number} */ index) => ends(energy, index, x);
    const ghost = (/** @type {number} */ index) => (index < count && before
      ? [svg("rect", { class: "ghost-bar", ...box4(place(index), y(ghostTops[index]), y(-ghostBottoms[index])) })] : []);
    box.replaceChildren(drawing(
      frame, t("chart.energyLabel", { size: count }), hatch("hatch-bars"), ...timeMarks(frame, x, span, zone), ...valueMarks(frame, y, label),
      ...energy.from.flatMap((_, index) => [...pile(energy, up, index, 1, place, y), ...pile(energy, down, index, -1, place, y)]),
      ...(before ? before.from.flatMap((_, index) => ghost(index)) : []),
      svg("line", { class: "zero", x1: frame.left, x2: frame.right, y1: y(0), y2: y(0) }),
    ));
  };
  return { labels: y.ticks.map(label), draw };
}

/** @param {Track} track @param {string[][]} parts @param {number} index @param {number} sign @param {(index: number) => [number, number]} place @param {import("../types").Scale} y */
function pile(track, parts, index, sign, place, y) {
  let base = 0;
  return parts.flatMap(([key, name]) => {
    const kwh = track.values[name][index];
    if (!kwh || kwh <= 0) return [];
    const from = base;
    base += sign * kwh;
    const size = box4(place(index), y(from), y(base));
    const bar = svg("rect", { class: `piece ${key}`, ...size });
    return track.estimated[name]?.has(index) ? [bar, svg("rect", { class: "estimate", ...size })] : [bar];
  });
}

/** @param {Track} track @param {number} index @param {import("../types").Scale} x @returns {[number, number]} */
function ends(track, index, x) {
  const left = x(track.from[index]);
  const width = x(track.to[index]) - left;
  const margin = Math.min(width * 0.14, 6);
  return [left + margin, Math.max(1, width - 2 * margin)];
}

/** @param {[number, number]} place @param {number} a @param {number} b */
function box4([x, width], a, b) {
  return { x: x.toFixed(1), y: Math.min(a, b).toFixed(1), width: width.toFixed(1), height: Math.abs(a - b).toFixed(1) };
}

/** @param {Track} track @param {string[][]} parts @param {number} size */
function sums(track, parts, size) {
  return Array.from({ length: size }, (_, index) => parts.reduce((total, [, name]) => total + Math.max(0, track.values[name][index] ?? 0), 0));
}

/** @param {number} value @param {number[]} ticks */
function kwhTick(value, ticks) {
  const most = Math.max(...ticks.map(Math.abs));
  return format.decimal(value, most < 2 ? 1 : 0);
}
