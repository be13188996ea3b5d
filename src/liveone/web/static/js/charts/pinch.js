// Fingers on the charts: one reads values, and they stay when it leaves; two zoom and move, as the charts show at once.

import { stretch, stretched } from "../core/pinch.js";

const MOVED_PX = 4;

/**
 * @param {HTMLElement} stack
 * @param {{
 *   edges: () => {left: number, right: number, startAt: number, endAt: number} | null,
 *   onTouch: (event: PointerEvent | null) => void, onZoom: (from: number, to: number) => void,
 * }} on `onTouch` gets null when a second finger comes
 */
export function makePinch(stack, on) {
  /** @type {Map<number, number>} where each finger is, px from the left edge of the charts */
  const fingers = new Map();
  /** @type {[number, number] | null} */
  let begun = null;
  let changed = false;

  const place = (/** @type {PointerEvent} */ event) => event.clientX - stack.getBoundingClientRect().left;
  const both = () => /** @type {[number, number]} */ ([...fingers.values()].slice(0, 2));
  const show = (/** @type {string} */ transform) => {
    for (const drawing of stack.querySelectorAll("svg")) drawing.style.transform = transform;
  };

  stack.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "touch") return;
    fingers.set(event.pointerId, place(event));
    if (fingers.size === 1) return on.onTouch(event);
    if (fingers.size === 2) [begun, changed] = [both(), false];
    return on.onTouch(null);
  });
  stack.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return;
    fingers.set(event.pointerId, place(event));
    if (!begun) return void on.onTouch(event);
    const { scale, shift } = stretch(begun, both());
    changed ||= both().some((x, index) => Math.abs(x - (begun?.[index] ?? x)) > MOVED_PX);
    show(`translateX(${shift.toFixed(1)}px) scaleX(${scale.toFixed(4)})`);
  });
  const lifted = (/** @type {PointerEvent} */ event) => {
    const edges = on.edges();
    const now = both();
    if (!fingers.delete(event.pointerId) || !begun || fingers.size > 1) return;
    const by = stretch(begun, now);
    begun = null;
    show("");
    if (edges && changed && event.type === "pointerup") on.onZoom(...stretched(edges, by));
  };
  stack.addEventListener("pointerup", lifted);
  stack.addEventListener("pointercancel", lifted);
}
