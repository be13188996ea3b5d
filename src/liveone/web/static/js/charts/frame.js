// The frame of a chart: its size, its marks, the hatching for what is missing or estimated. All charts of the
// page share left and right edges, so that one moment stands at one place in all of them.

import { scale, timeTicks } from "../core/scale.js";
import { face } from "../core/format.js";
import { element, svg } from "../ui/dom.js";
import { format } from "../ui/text.js";

const NARROW = 560;
const LETTERS_PX = 16;
/** As `.chart text` in system.css. */
const LABEL_PX = 0.72 * LETTERS_PX;
const VALUE_GAP_PX = 7;
const LABEL_GAP_PX = 4;

/**
 * How wide the charts may be, and how large everything in them: as on a page whose letters are 16 px high, more on
 * a wall screen. Measured once for all charts, before any is drawn: measuring after drawing makes the browser lay out
 * the page again.
 * @param {HTMLElement} box @returns {import("../types").Size}
 */
export function measured(box) {
  const unit = parseFloat(getComputedStyle(document.documentElement).fontSize) / LETTERS_PX;
  const width = Math.max(240, Math.floor(box.clientWidth));
  const ruler = /** @type {CanvasRenderingContext2D} */ (/** @type {HTMLCanvasElement} */ (element("canvas")).getContext("2d"));
  ruler.font = `${LABEL_PX * unit}px ${getComputedStyle(document.body).fontFamily}`;
  const left = Math.round((width < NARROW ? 36 : 48) * unit);
  return { width, unit, left, textWidth: (text) => Math.ceil(ruler.measureText(text).width) };
}

/** The same, with room left of all charts for the widest of these labels. @param {import("../types").Size} size @param {string[]} labels @returns {import("../types").Size} */
export function withRoomFor(size, labels) {
  return { ...size, left: Math.max(size.left, VALUE_GAP_PX + 1 + Math.max(...labels.map(size.textWidth))) };
}

/** @param {import("../types").Size} size @param {number} height @param {{axis?: boolean}} options @returns {import("../types").Frame} */
export function frameOf(size, height, { axis = true } = {}) {
  const high = Math.round(height * size.unit);
  return { ...size, height: high, right: size.width - 8, top: 8, bottom: high - (axis ? 22 : 7) * size.unit };
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
    svg("text", { x: frame.left - VALUE_GAP_PX, y: y(value) + 4 * frame.unit, "text-anchor": "end" }, text(value)),
  ]);
}

/** Lines and labels of time. A label stays within the chart, and away where it would touch the one before. @param {import("../types").Frame} frame @param {import("../types").Scale} x @param {import("../types").Span} span @param {import("../types").Zone} zone */
export function timeMarks(frame, x, span, zone) {
  const room = Math.max(3, Math.floor((frame.right - frame.left) / (70 * frame.unit)));
  let free = frame.left;
  return timeTicks(span.startAt, span.endAt, room, zone).flatMap(({ at, kind }) => {
    const line = svg("line", { class: "tick", x1: x(at), x2: x(at), y1: frame.top, y2: frame.bottom });
    if (frame.height - frame.bottom < 10 * frame.unit) return [line];
    const text = tickText(at, kind, zone);
    const width = frame.textWidth(text);
    const wanted = kind === "time" ? x(at) - width / 2 : x(at) + 3;
    const from = Math.max(frame.left, Math.min(wanted, frame.width - width));
    if (from < free) return [line];
    free = from + width + LABEL_GAP_PX;
    return [line, svg("text", { x: from, y: frame.height - 5 }, text)];
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
