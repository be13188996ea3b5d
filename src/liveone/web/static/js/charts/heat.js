// A year at a glance: a square a day, weeks as columns from Monday on, darker is more. Hatched: nothing known.

import { daysBetween } from "../core/zone.js";
import { svg } from "../ui/dom.js";
import { format, t } from "../ui/text.js";

const CELL = 13;
const TOP = 16;
const LEFT = 26;

/**
 * @param {HTMLElement} box
 * @param {{days: string[], values: import("../types").Maybe[], text: (index: number) => string, hue: string, today: string, most: number, onPick: (day: string) => void, onPoint: (text: string) => void}} shown
 */
export function drawHeat(box, { days, values, text, hue, today, most, onPick, onPoint }) {
  const firstColumn = (new Date(`${days[0]}T00:00:00Z`).getUTCDay() + 6) % 7;
  const place = (/** @type {string} */ day) => daysBetween(days[0], day) + firstColumn;
  const width = LEFT + CELL * 53 + 4;
  const cells = days.map((day, index) => {
    const spot = place(day);
    const value = values[index];
    const shade = value === null ? "none" : `heat-cell ${hue}`;
    return svg("rect", {
      class: day > today ? "heat-cell later" : value === null ? "heat-cell none" : shade, "data-index": index,
      x: LEFT + CELL * Math.floor(spot / 7), y: TOP + CELL * (spot % 7), width: CELL - 2, height: CELL - 2, rx: 2.5,
      "fill-opacity": value === null || day > today ? null : (0.08 + 0.92 * Math.max(0, value / (most || 1))).toFixed(2),
    });
  });
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${TOP + CELL * 7}`, role: "img", "aria-label": t("heat.label") }, ...months(days, place), ...weekdays(), ...cells);
  drawing.addEventListener("pointermove", (event) => said(event, (index) => onPoint(text(index))));
  drawing.addEventListener("pointerleave", () => onPoint(""));
  drawing.addEventListener("click", (event) => said(event, (index) => onPick(days[index])));
  walkable(drawing, days.filter((day) => day <= today).length, (index) => onPoint(text(index)), (index) => onPick(days[index]));
  box.replaceChildren(drawing);
}

/** By keys: a day up or down, a week left or right, Enter opens. @param {SVGElement} drawing @param {number} size @param {(index: number) => void} point @param {(index: number) => void} pick */
function walkable(drawing, size, point, pick) {
  let at = size - 1;
  drawing.setAttribute("tabindex", "0");
  const mark = (/** @type {number} */ to) => {
    drawing.querySelector(".at")?.classList.remove("at");
    at = Math.max(0, Math.min(size - 1, to));
    drawing.querySelector(`[data-index="${at}"]`)?.classList.add("at");
    point(at);
  };
  drawing.addEventListener("focus", () => mark(at));
  drawing.addEventListener("blur", () => drawing.querySelector(".at")?.classList.remove("at"));
  drawing.addEventListener("keydown", (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1, ArrowLeft: -7, ArrowRight: 7, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined && event.key !== "Enter") return;
    event.preventDefault();
    if (step === undefined) pick(at);
    else mark(at + step);
  });
}

/** @param {MouseEvent} event @param {(index: number) => void} work */
function said(event, work) {
  const index = event.target instanceof Element ? event.target.getAttribute("data-index") : null;
  if (index !== null) work(Number(index));
}

/** @param {string[]} days @param {(day: string) => number} place */
function months(days, place) {
  return days.filter((day) => day.endsWith("-01")).map((day) => svg(
    "text", { x: LEFT + CELL * Math.ceil(place(day) / 7), y: 10 }, format.shortMonth(day),
  ));
}

function weekdays() {
  return [0, 2, 4, 6].map((index) => svg(
    "text", { x: LEFT - 6, y: TOP + CELL * index + 10, "text-anchor": "end" }, format.weekdayName(`2024-01-0${index + 1}`),
  ));
}
