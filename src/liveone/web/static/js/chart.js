// Today's curves. A gap in the data is a gap in the line, hatched where nothing at all was read.

import { svg } from "./dom.js";
import { wattsText } from "./format.js";

export const LINES = [
  { key: "solar", title: "Solar" },
  { key: "load", title: "House" },
  { key: "battery", title: "Battery (+ discharges)" },
  { key: "grid", title: "Grid (+ imports)" },
];
const HEIGHT = 320;
const EDGE = { left: 68, right: 14, top: 14, bottom: 30 };
const HOURS = [0, 3, 6, 9, 12, 15, 18, 21, 24];

// `series`: {solar: [W or null, ...], ...}; `startMin`: minutes of the day at which the first interval ends;
// `seen`: how many intervals have passed; `width`: of the drawing, in pixels.
export function draw(box, { series, stepMin, dayMin, seen, width, label, onCursor }) {
  const scale = scales(series, dayMin, width);
  const root = svg("svg", {
    viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", tabindex: 0, "aria-label": label,
  });
  root.append(hatch(), ...grid(scale, dayMin, width), ...holes(series, seen, stepMin, scale));
  for (const { key } of LINES) root.append(...curve(key, series[key], stepMin, scale));
  const at = svg("line", { class: "at", y1: EDGE.top, y2: HEIGHT - EDGE.bottom, visibility: "hidden" });
  root.append(at);
  follow(root, { at, scale, stepMin, seen, width, onCursor });
  box.replaceChildren(root);
}

function scales(series, dayMin, width) {
  const all = Object.values(series).flat().filter((value) => value !== null);
  const step = tickStep(Math.max(500, ...all) - Math.min(0, ...all));
  const high = Math.ceil(Math.max(500, ...all) / step) * step;
  const low = Math.floor(Math.min(0, ...all) / step) * step;
  const inner = { x: width - EDGE.left - EDGE.right, y: HEIGHT - EDGE.top - EDGE.bottom };
  return {
    low, high, step,
    x: (minute) => EDGE.left + (minute / dayMin) * inner.x,
    y: (w) => EDGE.top + ((high - w) / (high - low)) * inner.y,
  };
}

function tickStep(span) {
  const rough = span / 4;
  const size = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 2.5, 5, 10].map((n) => n * size).find((n) => n >= rough);
}

function hatch() {
  const line = svg("path", { d: "M0 8L8 0", class: "hatch" });
  const size = { width: 8, height: 8, patternUnits: "userSpaceOnUse" };
  return svg("defs", {}, svg("pattern", { id: "hatch", ...size }, line));
}

function grid(scale, dayMin, width) {
  const parts = [];
  for (let w = scale.low; w <= scale.high; w += scale.step) {
    const y = scale.y(w);
    parts.push(svg("line", { class: w === 0 ? "zero" : "tick", x1: EDGE.left, x2: width - EDGE.right, y1: y, y2: y }));
    parts.push(svg("text", { x: EDGE.left - 8, y: y + 4, "text-anchor": "end" }, kilowatts(w)));
  }
  const every = width < 600 ? 2 : 1;
  HOURS.filter((_, index) => index % every === 0).forEach((hour) => {
    const x = scale.x((hour / 24) * dayMin);
    const anchor = hour === 24 ? "end" : hour === 0 ? "start" : "middle";
    parts.push(svg("text", { x, y: HEIGHT - 8, "text-anchor": anchor }, `${String(hour).padStart(2, "0")}:00`));
  });
  return parts;
}

function kilowatts(w) {
  return `${String(w / 1000).replace("-", "\u2212")} kW`;
}

function holes(series, seen, stepMin, scale) {
  const empty = (index) => LINES.every(({ key }) => series[key][index] === null);
  return runs(seen, empty).map(([first, last]) => {
    const x = scale.x(first * stepMin);
    const size = { x, y: EDGE.top, width: scale.x((last + 1) * stepMin) - x, height: HEIGHT - EDGE.top - EDGE.bottom };
    return svg("rect", { class: "hole", ...size }, svg("title", {}, "No readings"));
  });
}

function curve(key, values, stepMin, scale) {
  const x = (index) => scale.x((index + 0.5) * stepMin).toFixed(1);
  return runs(values.length, (index) => values[index] !== null).map(([first, last]) => {
    if (first === last) return svg("circle", { class: `dot ${key}`, cx: x(first), cy: scale.y(values[first]), r: 2 });
    const points = [];
    for (let index = first; index <= last; index += 1) points.push(`${x(index)},${scale.y(values[index]).toFixed(1)}`);
    return svg("polyline", { class: `curve ${key}`, points: points.join(" ") });
  });
}

// The stretches [first, last] of indexes below `size` for which `test` holds.
function runs(size, test) {
  const found = [];
  for (let index = 0; index < size; index += 1) {
    if (!test(index)) continue;
    if (found.length && found.at(-1)[1] === index - 1) found.at(-1)[1] = index;
    else found.push([index, index]);
  }
  return found;
}

function follow(root, { at, scale, stepMin, seen, width, onCursor }) {
  let index = -1;
  const move = (to) => {
    index = Math.max(0, Math.min(seen - 1, to));
    const x = scale.x((index + 0.5) * stepMin);
    at.setAttribute("x1", x);
    at.setAttribute("x2", x);
    at.setAttribute("visibility", "visible");
    onCursor(index);
  };
  root.addEventListener("pointermove", (event) => {
    const box = root.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * width;
    move(Math.floor((x - scale.x(0)) / (scale.x(stepMin) - scale.x(0))));
  });
  root.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -12, PageDown: 12, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    move((index < 0 ? seen - 1 : index) + step);
  });
}

export function cursorText(series, index, clock) {
  const values = LINES.map(({ key, title }) => `${title.replace(/ \(.*/, "")} ${wattsText(series[key][index])}`);
  return `${clock}: ${values.join(", ")}`;
}
