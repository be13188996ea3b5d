// The offsets that clocks on earth have, and the reader's own as a first guess.

import { offsetText } from "../core/zone.js";
import { element } from "../ui/dom.js";

const ODD_MIN = [-570, -210, 210, 270, 330, 345, 390, 525, 570, 630, 765];

/** @param {number} chosen minutes east of UTC */
export function offsetChoice(chosen = -new Date().getTimezoneOffset()) {
  const whole = Array.from({ length: 27 }, (_, index) => (index - 12) * 60);
  const all = [...new Set([...whole, ...ODD_MIN, chosen])].sort((a, b) => a - b);
  const box = /** @type {HTMLSelectElement} */ (element("select", {}, ...all.map((minutes) => element("option", { value: minutes }, offsetText(minutes)))));
  box.value = String(chosen);
  return box;
}
