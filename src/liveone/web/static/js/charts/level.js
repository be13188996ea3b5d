// State of charge over time, and how complete the readings are.

import { areaPath, linePath, runs, thinned } from "../core/shape.js";
import { niceScale } from "../core/scale.js";
import { svg } from "../ui/dom.js";
import { t } from "../ui/text.js";
import { drawing, frameOf, hatch, holes, timeMarks, timeScale, valueMarks } from "./frame.js";
import { isGap } from "./power.js";

const HEIGHT = 90;
const STRIP = 16;

/** @param {HTMLElement} box @param {{size: import("../types").Size, power: import("../types").Track, span: import("../types").Span, zone: import("../types").Zone, nowAt: number, firstAt: number}} shown */
export function drawSoc(box, { size, power, span, zone, nowAt, firstAt }) {
  const frame = frameOf(size, HEIGHT, { axis: false });
  const track = thinned(power, frame.width);
  const x = timeScale(frame, span);
  const y = niceScale(0, 100, frame.bottom, frame.top, 2);
  const soc = track.values.soc;
  const middle = (/** @type {number} */ index) => x((track.from[index] + track.to[index]) / 2);
  const high = (/** @type {number} */ index) => y(Number(soc[index]));
  const shapes = runs(soc.length, (index) => soc[index] !== null).flatMap(([first, last]) => [
    svg("path", { class: "area battery faint", d: areaPath(middle, () => y(0), high, first, last, 1) }),
    svg("path", { class: "curve battery", d: linePath(middle, high, first, last) }),
  ]);
  const empty = runs(track.from.length, (index) => soc[index] === null && isGap(track, index) && track.to[index] <= nowAt && track.to[index] > firstAt);
  box.replaceChildren(drawing(
    frame, t("chart.socLabel"), hatch("hatch-soc"), ...timeMarks(frame, x, span, zone), ...valueMarks(frame, y, String),
    ...holes(frame, x, track, empty), ...shapes,
  ));
}

/**
 * A strip that is full where everything was read. `shares` are [from, to, share read or null for what is to come].
 * @param {HTMLElement} box @param {{size: import("../types").Size, span: import("../types").Span, shares: [number, number, number | null][]}} shown
 */
export function drawStrip(box, { size, span, shares }) {
  const frame = frameOf(size, STRIP, { axis: false });
  const x = timeScale(frame, span);
  const known = /** @type {[number, number, number][]} */ (shares.filter(([, , share]) => share !== null));
  box.replaceChildren(drawing(
    frame, t("chart.coverageLabel"),
    svg("rect", { class: "strip-ground", x: frame.left, y: 3, width: frame.right - frame.left, height: frame.height - 6, rx: 3 }),
    ...known.map(([from, to, share]) => svg("rect", {
      class: share >= 0.995 ? "strip whole" : share > 0 ? "strip part" : "strip none",
      x: x(from), y: 3, width: Math.max(0.8, x(to) - x(from) + 0.3), height: frame.height - 6, "fill-opacity": share >= 0.995 ? 1 : 0.25 + 0.6 * share,
    })),
  ));
}

/** How much was read of each stretch of a day's own track, neighbours joined; nothing is missing before the first reading. @param {import("../types").Track} track @param {number} nowAt @param {number} firstAt @returns {[number, number, number | null][]} */
export function sharesOf(track, nowAt, firstAt) {
  const seen = track.to.filter((to) => to <= nowAt).length;
  const read = runs(seen, (index) => !isGap(track, index));
  const missed = runs(seen, (index) => isGap(track, index) && track.to[index] > firstAt);
  const of = (/** @type {number} */ share) => (/** @type {[number, number]} */ [first, last]) => /** @type {[number, number, number | null]} */ ([track.from[first], track.to[last], share]);
  return [...read.map(of(1)), ...missed.map(of(0))].sort(([a], [b]) => a - b);
}
