// Which time zone a system's days are counted in: a name with its summer time where the database keeps one,
// else an offset that clocks on earth have. The reader's own is the first guess.

import { offsetText } from "../core/zone.js";
import { ask } from "../ui/api.js";
import { element } from "../ui/dom.js";
import { t } from "../ui/text.js";

const ODD_MIN = [-570, -210, 210, 270, 330, 345, 390, 525, 570, 630, 765];

/** @typedef {{parts: Node[], value: () => {timeZone?: string, offsetMin?: number}}} ZoneField `value`: nothing where it stayed as it was */

/** @param {{offsetMin: number, name: string | null}} [now] what it is so far @returns {Promise<ZoneField>} */
export async function zoneField(now) {
  const { kept, names } = await ask("/api/admin/time-zones").catch(() => ({ kept: false, names: [] }));
  return kept ? named(now, names) : offset(now?.offsetMin ?? -new Date().getTimezoneOffset());
}

/** @param {{offsetMin: number, name: string | null} | undefined} now @param {string[]} names @returns {ZoneField} */
function named(now, names) {
  const first = now ? now.name ?? offsetName(now.offsetMin) : Intl.DateTimeFormat().resolvedOptions().timeZone;
  const input = /** @type {HTMLInputElement} */ (element("input", { value: first, list: "zones", required: true, maxlength: 60, autocomplete: "off", spellcheck: "false" }));
  const list = element("datalist", { id: "zones" }, ...names.map((name) => element("option", { value: name })));
  return {
    parts: [element("label", {}, t("system.zone"), input), list, element("p", { class: "help" }, t("admin.zoneNamed"))],
    value: () => (now && input.value.trim() === first ? {} : { timeZone: input.value.trim() }),
  };
}

/** As people type an offset, and the server reads it: "+10:00", or "UTC". @param {number} minutes east of UTC */
function offsetName(minutes) {
  const text = offsetText(minutes);
  return text.slice("UTC".length) || text;
}

/** @param {number} chosen minutes east of UTC @returns {ZoneField} */
function offset(chosen) {
  const whole = Array.from({ length: 27 }, (_, index) => (index - 12) * 60);
  const all = [...new Set([...whole, ...ODD_MIN, chosen])].sort((a, b) => a - b);
  const box = /** @type {HTMLSelectElement} */ (element("select", {}, ...all.map((minutes) => element("option", { value: minutes }, offsetText(minutes)))));
  box.value = String(chosen);
  return { parts: [element("label", {}, t("system.zone"), box)], value: () => ({ offsetMin: Number(box.value) }) };
}
