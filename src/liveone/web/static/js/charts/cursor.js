// One moment across all charts: pointed at, or moved with the arrow keys. A mouse that drags over a stretch zooms into
// it. A finger reads values where it taps or goes; two fingers zoom and move.

import { element } from "../ui/dom.js";
import { makePinch } from "./pinch.js";

const DRAG_PX = 8;

/**
 * @param {HTMLElement} stack all charts, of the same left and right edge
 * @param {{
 *   edges: () => {left: number, right: number, startAt: number, endAt: number} | null,
 *   steps: () => {from: number[], to: number[]}, onMove: (at: number | null) => void,
 *   onZoom: (from: number, to: number) => void, onOut: () => void,
 * }} on
 */
export function makeCursor(stack, on) {
  const line = element("i", { class: "at", hidden: true, "aria-hidden": "true" });
  const band = element("i", { class: "band", hidden: true, "aria-hidden": "true" });
  stack.append(band, line);
  /** @type {number | null} */
  let at = null;
  /** @type {number | null} */
  let dragged = null;

  const { pixel, moment } = placing(stack, on.edges);
  const move = (/** @type {number | null} */ to) => {
    at = to;
    line.hidden = to === null;
    if (to !== null) line.style.transform = `translateX(${pixel(to).toFixed(1)}px)`;
    on.onMove(to);
  };
  const mark = (/** @type {number} */ to) => {
    if (dragged === null) return;
    const [left, right] = [pixel(dragged), pixel(to)].sort((a, b) => a - b);
    band.hidden = right - left < DRAG_PX;
    band.style.left = `${left}px`;
    band.style.width = `${right - left}px`;
  };
  const letGo = () => {
    dragged = null;
    band.hidden = true;
  };

  makePinch(stack, {
    edges: on.edges, onZoom: on.onZoom,
    onTouch: (event) => move(event ? moment(event) : null),
  });
  stack.addEventListener("pointermove", (event) => {
    if (event.pointerType === "touch") return;
    move(moment(event));
    mark(moment(event));
  });
  stack.addEventListener("pointerleave", (event) => event.pointerType !== "touch" && dragged === null && document.activeElement !== stack && move(null));
  stack.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.pointerType === "touch") return;
    dragged = moment(event);
    stack.setPointerCapture(event.pointerId);
  });
  stack.addEventListener("pointerup", (event) => {
    const [from, to] = [dragged ?? 0, moment(event)].sort((a, b) => a - b);
    const wide = dragged !== null && pixel(to) - pixel(from) >= DRAG_PX;
    letGo();
    if (wide) on.onZoom(from, to);
  });
  stack.addEventListener("pointercancel", letGo);
  stack.addEventListener("keydown", (event) => keyed(event, at, on, move));
  return { redraw: () => at !== null && move(at) };
}

/** Where a moment stands in the charts, px, and which moment stands under a pointer. @param {HTMLElement} stack @param {() => {left: number, right: number, startAt: number, endAt: number} | null} edgesOf */
function placing(stack, edgesOf) {
  const pixel = (/** @type {number} */ moment) => {
    const edges = edgesOf();
    if (!edges) return 0;
    return edges.left + ((moment - edges.startAt) / (edges.endAt - edges.startAt)) * (edges.right - edges.left);
  };
  const moment = (/** @type {PointerEvent} */ event) => {
    const edges = edgesOf();
    if (!edges) return 0;
    const x = event.clientX - stack.getBoundingClientRect().left;
    const share = Math.max(0, Math.min(1, (x - edges.left) / (edges.right - edges.left)));
    return edges.startAt + share * (edges.endAt - edges.startAt);
  };
  return { pixel, moment };
}

/**
 * @param {KeyboardEvent} event @param {number | null} at
 * @param {{steps: () => {from: number[], to: number[]}, edges: () => {startAt: number, endAt: number} | null, onZoom: (from: number, to: number) => void, onOut: () => void}} on
 * @param {(at: number | null) => void} move
 */
function keyed(event, at, on, move) {
  const edges = on.edges();
  if (event.ctrlKey || event.metaKey || event.altKey || !edges) return;
  const { from, to } = on.steps();
  const middle = (/** @type {number} */ index) => (from[index] + to[index]) / 2;
  const place = at === null ? to.length - 1 : to.findIndex((end) => end >= at);
  const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -12, PageDown: 12, Home: -Infinity, End: Infinity }[event.key];
  if (step !== undefined && to.length) {
    event.preventDefault();
    const next = at === null && Math.abs(step) <= 12 ? place : place + step;
    move(middle(Math.max(0, Math.min(to.length - 1, next))));
  } else if ((event.key === "+" || event.key === "Enter") && at !== null) {
    event.preventDefault();
    const half = (edges.endAt - edges.startAt) / 6;
    on.onZoom(Math.max(edges.startAt, at - half), Math.min(edges.endAt, at + half));
  } else if (event.key === "-" || event.key === "Escape") {
    on.onOut();
  }
}
