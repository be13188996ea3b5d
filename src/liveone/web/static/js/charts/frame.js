// The frame of a chart: its size, its marks, the hatching for what is missing or estimated. All charts of the
// page share left and right edges, so that one moment stands at one place in all of them.

import { scale, timeTicks } from "../core/scale.js";
import { face } from "../core/format.js";
import { svg } from "../ui/dom.js";
import { format } from "../ui/text.js";

const NARROW = 560;

/** @param {HTMLElement} box @param {number} height @param {{axis?: boolean}} options @returns {import("../types").Frame} */
export function frameOf(box, height, { axis = true } = {}) {
  const width = Math.max(240, Math.floor(box.clientWidth));
  return { width, height, left: width < NARROW ? 36 : 48, right: width - 8, top: 8, bottom: height - (axis ? 22 : 7) };
}

/** @param {import("../types").Frame} frame @param {string} label @param {(Node | string)[]} parts */
export function drawing(frame, label, ...parts) {
  return svg("svg", {
    viewBox: `0 0 ${frame.width} ${frame.height}`, width: frame.width, height: frame.height, role: "img", "aria-label": label,
  }, ...parts);
}

/** @param {import("../types").Frame} frame @param {import("../types").Span} span */
export function timeScale(frame, span) {
  return scale(span.startAt, span.endAt, frame.left, frame.right);
}

/** Lines and labels of values. @param {import("../types").Frame} frame @param {import("../types").Scale} y @param {(value: number) => string} text */
export function valueMarks(frame, y, text) {
  return y.ticks.flatMap((value) => [
    svg("line", { class: value === 0 ? "zero" : "tick", x1: frame.left, x2: frame.right, y1: y(value), y2: y(value) }),
    svg("text", { x: frame.left - 7, y: y(value) + 4, "text-anchor": "end" }, text(value)),
  ]);
}

/** @param {import("../types").Frame} frame @param {import("../types").Scale} x @param {import("../types").Span} span @param {import("../types").Zone} zone */
export function timeMarks(frame, x, span, zone) {
  const room = Math.max(3, Math.floor((frame.right - frame.left) / 70));
  return timeTicks(span.startAt, span.endAt, room, zone).flatMap(({ at, kind }) => {
    const line = svg("line", { class: "tick", x1: x(at), x2: x(at), y1: frame.top, y2: frame.bottom });
    if (frame.height - frame.bottom < 10) return [line];
    const middle = kind === "time" ? x(at) : x(at) + 3;
    const edge = x(at) > frame.right - 16 ? "end" : x(at) < frame.left + 4 ? "start" : "middle";
    return [
      line,
      svg("text", { x: middle, y: frame.height - 5, "text-anchor": kind === "time" ? edge : "start" }, tickText(at, kind, zone)),
    ];
  });
}

/** @param {number} at @param {string} kind @param {import("../types").Zone} zone */
function tickText(at, kind, zone) {
  const day = zone.date(at);
  if (kind === "time") return face(at, zone);
  if (kind === "day") return format.shortDay(day);
  return kind === "year" ? day.slice(0, 4) : format.shortMonth(day);
}

/** Hatched where nothing was read. @param {import("../types").Frame} frame @param {import("../types").Scale} x @param {import("../types").Track} track @param {[number, number][]} found */
export function holes(frame, x, track, found) {
  return found.map(([first, last]) => svg("rect", {
    class: "hole", x: x(track.from[first]), y: frame.top, width: Math.max(1, x(track.to[last]) - x(track.from[first])), height: frame.bottom - frame.top,
  }));
}

/** @param {string} id */
export function hatch(id) {
  const size = { width: 6, height: 6, patternUnits: "userSpaceOnUse" };
  return svg("defs", {}, svg("pattern", { id, ...size }, svg("path", { d: "M0 6L6 0", class: "hatch" })));
}
