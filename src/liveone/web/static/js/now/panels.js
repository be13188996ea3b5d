// The battery with its outlook, and today's figures.

import { capacityKwh, hasBattery, outlook, storedKwh } from "../core/battery.js";
import { selfConsumption, selfSufficiency } from "../core/energy.js";
import { NOTHING, duration, joined, moment } from "../core/format.js";
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
  const capacity = capacityKwh(data.systemInfo?.batterySize);
  const stored = storedKwh(level, capacity);
  byId("charge").classList.toggle("none", !hasBattery(reading, capacity));
  say(one(".soc .value"), level === null ? NOTHING : `${format.decimal(level, 0)} %`);
  one("#level i").style.width = `${level ?? 0}%`;
  say(byId("stored"), stored === null ? "" : t("battery.stored", { stored: format.decimal(stored, 1), capacity: format.decimal(Number(capacity), 1) }));
  say(byId("outlook"), outlookText(reading, capacity, nowAt, zone));
}

/** @param {import("../types").Reading} reading @param {import("../types").Maybe} capacity @param {number} nowAt @param {import("../types").Zone} zone */
function outlookText(reading, capacity, nowAt, zone) {
  if (!hasBattery(reading, capacity)) return t("battery.none");
  const found = outlook(reading.power.batteryW, reading.soc.battery, capacity);
  const key = `battery.${found.towards}`;
  const text = t(key, { power: joined(format.watts(Math.abs(reading.power.batteryW ?? 0))) });
  if (found.hours === null) return text;
  const at = found.hours < SOON_H ? t("battery.about", { time: moment(nowAt + found.hours * HOUR_MS, nowAt, zone, format) }) : "";
  return `${text} ${t(`${key}In`, { time: duration(found.hours), about: at })}`;
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
  const value = element("b", { class: quality === "estimated" ? "value est" : "value" }, number, element("small", {}, number === NOTHING ? "" : ` ${unit}`));
  return element("button", { type: "button", class: "figure", "data-explain": explain }, element("span", { class: "title" }, t(title)), value);
}

/** @param {import("../types").Maybe} part */
function share(part) {
  return part === null ? { number: NOTHING, unit: "" } : { number: format.decimal(part * 100, 0), unit: "%" };
}
