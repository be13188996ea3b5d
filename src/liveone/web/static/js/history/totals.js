// The totals of the period, each with its change against the period before and with what it was made of.

import { ENERGIES, change, selfConsumption, selfSufficiency, totals } from "../core/energy.js";
import { energyTitle } from "../core/flows.js";
import { CLOSE, NOTHING, joined } from "../core/format.js";
import { element } from "../ui/dom.js";
import { format, t } from "../ui/text.js";

/** @type {Record<string, string>} */
export const HUES = { solar: "solar", load: "load", batteryIn: "battery", batteryOut: "battery", gridIn: "grid", gridOut: "grid" };

/**
 * @param {HTMLElement} box @param {import("../types").Track} energy all of the period
 * @param {{now: import("../types").Track, before: import("../types").Track} | null} pair what can be compared of it
 * @param {import("../types").Reading} reading @param {(key: string) => void} onExplain
 */
export function fillTotals(box, energy, pair, reading, onExplain) {
  const now = totals(energy);
  const then = pair ? totals(pair.before) : null;
  const compared = pair ? totals(pair.now) : now;
  const buttons = ENERGIES.map((key) => {
    const { kwh, estimated } = now[key];
    const button = tile(t(energyTitle(reading, key)), format.kwh(kwh), HUES[key], estimated, then ? changeText(compared[key].kwh, then[key].kwh) : "");
    button.addEventListener("click", () => onExplain(key));
    return button;
  });
  const shares = Object.entries(sharesOf(now)).map(([key, share]) => /** @type {[string, number | null, number | null]} */ ([key, share, then ? sharesOf(then)[key] : null]));
  box.replaceChildren(...buttons, ...shares.map(([key, share, before]) => {
    const value = share === null ? { number: NOTHING, unit: "" } : { number: format.decimal(share * 100, 0), unit: "%" };
    const button = tile(t(`today.${key}`), value, "share", false, then ? t("total.before", { before: format.percent(before) }) : "");
    button.setAttribute("data-explain", key);
    return button;
  }));
}

/** @param {ReturnType<typeof totals>} of @returns {Record<string, import("../types").Maybe>} */
function sharesOf(of) {
  return { sufficiency: selfSufficiency(of.load.kwh, of.gridIn.kwh), consumption: selfConsumption(of.solar.kwh, of.gridOut.kwh) };
}

/** @param {string} title @param {{number: string, unit: string}} value @param {string} hue @param {boolean} estimated @param {string} changed */
function tile(title, { number, unit }, hue, estimated, changed) {
  const value = element("b", { class: estimated ? "value est" : "value" }, number, element("small", {}, number === NOTHING ? "" : `${CLOSE}${unit}`));
  const parts = [element("span", { class: "title" }, title), value];
  if (changed) parts.push(element("span", { class: "changed" }, changed));
  return element("button", { type: "button", class: `total ${hue}`, "data-of": hue }, ...parts);
}

/** What it was before, and by how much it changed. @param {import("../types").Maybe} kwh @param {import("../types").Maybe} before */
function changeText(kwh, before) {
  const was = t("total.before", { before: joined(format.kwh(before)) });
  const share = change(kwh, before);
  if (share === null) return was;
  return `${was}\n${t(share >= 0 ? "total.more" : "total.less", { percent: format.decimal(Math.abs(share) * 100, 0) })}`;
}
