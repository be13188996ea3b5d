// The totals of the period, each with its change against the period before and with what it was made of.

import { ENERGIES, change, selfConsumption, selfSufficiency, totals } from "../core/energy.js";
import { NOTHING } from "../core/format.js";
import { element } from "../ui/dom.js";
import { format, t } from "../ui/text.js";

/** @type {Record<string, string>} */
export const HUES = { solar: "solar", load: "load", batteryIn: "battery", batteryOut: "battery", gridIn: "grid", gridOut: "grid" };

/**
 * @param {HTMLElement} box @param {import("../types").Track} energy @param {import("../types").Track | null} before
 * @param {(key: string) => void} onExplain
 */
export function fillTotals(box, energy, before, onExplain) {
  const now = totals(energy);
  const then = before ? totals(before) : null;
  const buttons = ENERGIES.map((key) => {
    const { kwh, estimated } = now[key];
    const button = tile(t(`energy.${key}`), format.kwh(kwh), HUES[key], estimated, then ? change(kwh, then[key].kwh) : undefined);
    button.addEventListener("click", () => onExplain(key));
    return button;
  });
  const shares = /** @type {[string, number | null][]} */ ([
    ["sufficiency", selfSufficiency(now.load.kwh, now.gridIn.kwh)],
    ["consumption", selfConsumption(now.solar.kwh, now.gridOut.kwh)],
  ]);
  box.replaceChildren(...buttons, ...shares.map(([key, share]) => {
    const value = share === null ? { number: NOTHING, unit: "" } : { number: format.decimal(share * 100, 0), unit: "%" };
    const button = tile(t(`today.${key}`), value, "share", false, undefined);
    button.setAttribute("data-explain", key);
    return button;
  }));
}

/** @param {string} title @param {{number: string, unit: string}} value @param {string} hue @param {boolean} estimated @param {number | null | undefined} changed */
function tile(title, { number, unit }, hue, estimated, changed) {
  const value = element("b", { class: estimated ? "value est" : "value" }, number, element("small", {}, number === NOTHING ? "" : ` ${unit}`));
  const parts = [element("span", { class: "title" }, title), value];
  if (changed !== undefined) parts.push(element("span", { class: "changed" }, changed === null ? NOTHING : signed(changed)));
  return element("button", { type: "button", class: `total ${hue}` }, ...parts);
}

/** @param {number} share */
function signed(share) {
  const text = format.decimal(Math.abs(share) * 100, 0);
  return t(share >= 0 ? "total.more" : "total.less", { percent: text });
}
