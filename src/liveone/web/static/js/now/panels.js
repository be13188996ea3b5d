// The battery with its outlook, and today's figures.

import { storedKwh } from "../core/battery.js";
import { selfConsumption, selfSufficiency } from "../core/energy.js";
import { stateOf } from "../core/flows.js";
import { CLOSE, NOTHING, duration, joined, moment } from "../core/format.js";
import { ageSeconds, stateAt } from "../core/freshness.js";
import { byId, element, one, say } from "../ui/dom.js";
import { format, t } from "../ui/text.js";

const HOUR_MS = 3600000;
const SOON_H = 24;

/**
 * @param {import("../types").Reading} reading @param {import("../types").Data} data @param {number} nowAt
 * @param {import("../types").Zone} zone
 */
export function fillBattery(reading, data, nowAt, zone) {
  const level = reading.soc.battery;
  const capacity = data.battery?.capacityKwh ?? null;
  const stored = storedKwh(level, capacity);
  say(one(".soc .value"), format.pct(level));
  one("#level i").style.width = `${level ?? 0}%`;
  say(byId("stored"), stored === null ? "" : t("battery.stored", { stored: format.decimal(stored, 1), capacity: format.decimal(Number(capacity), 1) }));
  say(byId("outlook"), outlookText(reading, data, nowAt, zone));
}

/** What it does now, and where the last quarter of an hour leads; nothing is foretold from what is old. @param {import("../types").Reading} reading @param {import("../types").Data} data @param {number} nowAt @param {import("../types").Zone} zone */
function outlookText(reading, { battery, freshness }, nowAt, zone) {
  const state = stateOf(reading.power.batteryW);
  const text = t(`battery.${state}`, { power: joined(format.watts(Math.abs(reading.power.batteryW ?? 0))) });
  const isFresh = stateAt(ageSeconds(reading, nowAt), freshness) === "fresh";
  if (!battery || battery.hours === null || battery.state !== state || !isFresh) return text;
  const at = battery.hours < SOON_H ? t("battery.about", { time: moment(nowAt + battery.hours * HOUR_MS, nowAt, zone, format) }) : "";
  const key = battery.towards === "empty" && battery.reservePct ? "battery.reserveIn" : `battery.${battery.towards}In`;
  return `${text} ${t(key, { time: duration(battery.hours), about: at, reserve: format.pct(battery.reservePct) })}`;
}

/** @param {import("../types").Data} data */
export function fillToday(data) {
  const today = data.latest.energy.today ?? {};
  const quality = data.latest.energy.quality ?? {};
  say(byId("battery-today"), t("battery.today", { in: joined(format.kwh(today.batteryInKwh)), out: joined(format.kwh(today.batteryOutKwh)) }));
  const figures = [
    figure("today.solar", format.kwh(today.solarKwh), "todaySolar", quality.solarKwh),
    figure("today.load", format.kwh(today.loadKwh), "todayLoad", quality.loadKwh),
    figure("today.sufficiency", share(selfSufficiency(today.loadKwh, today.gridInKwh)), "sufficiency", null),
    figure("today.consumption", share(selfConsumption(today.solarKwh, today.gridOutKwh)), "consumption", null),
  ];
  byId("today-figures").replaceChildren(...figures);
}

/** @param {string} title @param {{number: string, unit: string}} value @param {string} explain @param {string | null | undefined} quality */
function figure(title, { number, unit }, explain, quality) {
  const value = element("b", { class: quality === "estimated" ? "value est" : "value" }, number, element("small", {}, number === NOTHING ? "" : `${CLOSE}${unit}`));
  return element("button", { type: "button", class: "figure", "data-explain": explain }, element("span", { class: "title" }, t(title)), value);
}

/** @param {import("../types").Maybe} part */
function share(part) {
  return part === null ? { number: NOTHING, unit: "" } : { number: format.decimal(part * 100, 0), unit: "%" };
}
