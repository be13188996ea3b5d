// The battery with its outlook, and today's figures.

import { capacityKwh, outlook } from "../core/battery.js";
import { selfConsumption, selfSufficiency } from "../core/energy.js";
import { NOTHING, duration, joined } from "../core/format.js";
import { byId, element, one, say } from "../ui/dom.js";
import { format, t } from "../ui/text.js";

/** @param {import("../types").Reading} reading @param {import("../types").Data} data */
export function fillBattery(reading, data) {
  const level = reading.soc.battery;
  say(one(".soc .value"), level === null ? NOTHING : `${format.decimal(level, 0)} %`);
  one("#level i").style.width = `${level ?? 0}%`;
  const found = outlook(reading.power.batteryW, level, capacityKwh(data.systemInfo?.batterySize));
  const power = joined(format.watts(Math.abs(reading.power.batteryW ?? 0)));
  const key = `battery.${found.towards}`;
  const text = t(key, { power });
  say(byId("outlook"), found.hours === null ? text : `${text} ${t(`${key}In`, { time: duration(found.hours) })}`);
}

/** @param {import("../types").Data} data */
export function fillToday(data) {
  const today = data.latest.energy.today ?? {};
  const quality = data.latest.energy.quality ?? {};
  const figures = [
    figure("today.solar", format.kwh(today.solarKwh), "todaySolar", quality.solarKwh),
    figure("today.load", format.kwh(today.loadKwh), "todayLoad", quality.loadKwh),
    figure("today.sufficiency", share(selfSufficiency(today.loadKwh, today.gridInKwh)), "sufficiency", null),
    figure("today.consumption", share(selfConsumption(today.solarKwh, today.gridOutKwh)), "consumption", null),
  ];
  byId("today").replaceChildren(...figures);
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
