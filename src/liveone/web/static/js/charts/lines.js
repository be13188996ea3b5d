// Lines of one unit over time: a curve for each chosen point, null for a gap.

import { linePath, runs } from "../core/shape.js";
import { niceScale } from "../core/scale.js";
import { svg } from "../ui/dom.js";
import { drawing, frameOf, timeMarks, timeScale, valueMarks } from "./frame.js";

const HEIGHT = 150;

/** @typedef {{hue: string, values: import("../types").Maybe[]}} Line */

/**
 * @param {HTMLElement} box @param {string} label
 * @param {{size: import("../types").Size, span: import("../types").Span, zone: import("../types").Zone, track: import("../types").Track, lines: Line[], text: (value: number) => string}} shown
 */
export function drawLines(box, label, { size, span, zone, track, lines, text }) {
  const known = lines.flatMap(({ values }) => values).filter((value) => value !== null);
  const frame = frameOf(size, HEIGHT);
  const x = timeScale(frame, span);
  const low = Math.min(...known, ...(known.length ? [] : [0]));
  const high = Math.max(...known, ...(known.length ? [] : [1]));
  const y = niceScale(low, high === low ? low + 1 : high, frame.bottom, frame.top, 4);
  const middle = (/** @type {number} */ index) => x((track.from[index] + track.to[index]) / 2);
  const curves = lines.flatMap(({ hue, values }) => runs(values.length, (index) => values[index] !== null).map(([first, last]) => (
    svg("path", { class: `curve ${hue}`, d: linePath(middle, (index) => y(Number(values[index])), first, last) })
  )));
  box.replaceChildren(drawing(frame, label, ...timeMarks(frame, x, span, zone), ...valueMarks(frame, y, text), ...curves));
}
