// Many systems at once: how each stands, how many stand so, what they make together, which are to be shown.

import { faultKey } from "./faults.js";
import { isIdle, sourceKey } from "./flows.js";
import { IMPORT_ONLY, ageSeconds, stateAt } from "./freshness.js";

/** @typedef {import("../types").Card} Card */

export const SHOWN = ["all", "live", "attention"];
export const LAYOUTS = ["cards", "list"];

/** @typedef {"fresh" | "late" | "silent" | "frozen" | "imported" | "paused" | "none"} Standing */

/** @param {Card} card @param {boolean} isActive @param {number} nowMs @returns {Standing} */
export function standing(card, isActive, nowMs) {
  if (card.vendorType === IMPORT_ONLY) return "imported";
  if (!isActive) return "paused";
  if (!card.latest) return "none";
  const found = stateAt(ageSeconds(card.latest, nowMs), card.freshness);
  return found === "fresh" && card.freshness.frozenValues ? "frozen" : found;
}

/** How systems stand that are not polled: nothing new is expected of them. @type {Standing[]} */
const NOT_POLLED = ["imported", "paused"];

/** Whether somebody should look at it: it reports a fault, or nothing new. @param {Standing} stands @param {Card} card */
export function needsAttention(stands, card) {
  if (NOT_POLLED.includes(stands)) return false;
  return stands !== "fresh" || faultKey(card.vendorType, card.latest?.system.faultCode ?? null) !== null || card.freshness.frozenCounters.length > 0;
}

/**
 * The powers and today's energies of all that are heard of, added up; null where none of them measures it.
 * `isGrid`: all power at their other connections flows from or to a grid, none from what is or may be a generator.
 * @param {{card: Card, stands: Standing}[]} systems
 */
export function together(systems) {
  const heard = systems.filter(({ stands }) => stands === "fresh" || stands === "late" || stands === "frozen").map(({ card }) => card);
  const sum = (/** @type {(card: Card) => import("../types").Maybe | undefined} */ value) => {
    const known = heard.map(value).filter((each) => each !== null && each !== undefined);
    return known.length ? known.reduce((a, b) => Number(a) + Number(b), 0) ?? null : null;
  };
  const flowing = heard.flatMap(({ latest }) => (latest && !isIdle(latest.power.gridW ?? 0) ? [latest] : []));
  return {
    heard: heard.length,
    isGrid: flowing.every((reading) => sourceKey(reading) === "source.grid"),
    solarW: sum((card) => card.latest?.power.solarW),
    loadW: sum((card) => card.latest?.power.loadW),
    batteryW: sum((card) => card.latest?.power.batteryW),
    gridW: sum((card) => card.latest?.power.gridW),
    solarKwh: sum((card) => card.latest?.energy.today?.solarKwh),
  };
}

/** @param {string} search @returns {{show: string, as: string, q: string}} */
export function readFleet(search) {
  const asked = new URLSearchParams(search);
  const one = (/** @type {string} */ name, /** @type {string[]} */ known) => known.find((each) => each === asked.get(name)) ?? known[0];
  return { show: one("show", SHOWN), as: one("as", LAYOUTS), q: asked.get("q") ?? "" };
}

/** @param {{show: string, as: string, q: string}} state */
export function writeFleet({ show, as, q }) {
  const asked = new URLSearchParams();
  if (show !== SHOWN[0]) asked.set("show", show);
  if (as !== LAYOUTS[0]) asked.set("as", as);
  if (q) asked.set("q", q);
  const text = asked.toString();
  return text ? `?${text}` : "";
}

/** Which of SHOWN a system belongs to: live is what its card calls live, whether it needs attention or not. @param {Standing} stands @param {boolean} attention */
export function kindsOf(stands, attention) {
  return ["all", ...(stands === "fresh" ? ["live"] : []), ...(attention ? ["attention"] : [])];
}

/** @param {{show: string, q: string}} state @param {string} name @param {string[]} kinds */
export function isShown({ show, q }, name, kinds) {
  if (q && !name.toLocaleLowerCase().includes(q.trim().toLocaleLowerCase())) return false;
  return kinds.includes(show);
}
