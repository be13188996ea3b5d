// The energy table: today, yesterday, all time; as energy or as mean power; and the two shares.

import { meanW, selfConsumption, selfSufficiency } from "../core/energy.js";
import { energyTitle } from "../core/flows.js";
import { CLOSE, NOTHING } from "../core/format.js";
import { element } from "../ui/dom.js";
import { format, t } from "../ui/text.js";

/** Key, part of the house, the counter's and today's name, yesterday's name. */
const ROWS = [
  ["solar", "solar", "solarKwh", "solarKwh"], ["load", "load", "loadKwh", "loadKwh"],
  ["batteryIn", "battery", "batteryInKwh", "batteryChargeKwh"], ["batteryOut", "battery", "batteryOutKwh", "batteryDischargeKwh"],
  ["gridIn", "grid", "gridInKwh", "gridImportKwh"], ["gridOut", "grid", "gridOutKwh", "gridExportKwh"],
];

/**
 * @param {HTMLElement} box @param {import("../types").Data} data @param {string} unit "kwh" or "w"
 * @param {{today: number, yesterday: number}} hours that have passed @param {import("../types").Zone} zone
 */
export function fillTable(box, data, unit, hours, zone) {
  const today = data.latest.energy.today ?? {};
  const quality = data.latest.energy.quality ?? {};
  const total = data.latest.energy.total;
  const { yesterday, sinceFirst } = data.historical;
  const text = (/** @type {import("../types").Maybe | undefined} */ kwh, /** @type {number | null} */ over) => (unit === "w" ? format.watts(meanW(kwh ?? null, over)) : format.kwh(kwh));
  const rows = ROWS.map(([key, part, now, before]) => element(
    "tr", { "data-of": part }, element("th", { scope: "row" }, t(energyTitle(data.latest, key))),
    cell(text(today[now], hours.today), quality[now]),
    cell(text(yesterday?.energy[before], hours.yesterday), yesterday?.quality[before]),
    cell(unit === "w" ? text(sinceFirst?.energy[now], sinceFirst?.hours ?? null) : format.kwh(total[now]), null),
  ));
  const y = yesterday?.energy ?? {};
  const shares = [
    share("today.sufficiency", [selfSufficiency(today.loadKwh, today.gridInKwh), selfSufficiency(y.loadKwh, y.gridImportKwh), selfSufficiency(total.loadKwh, total.gridInKwh)]),
    share("today.consumption", [selfConsumption(today.solarKwh, today.gridOutKwh), selfConsumption(y.solarKwh, y.gridExportKwh), selfConsumption(total.solarKwh, total.gridOutKwh)]),
  ];
  const coverage = yesterday ? t("energy.coverage", { coverage: format.pct(parseInt(yesterday.dataQuality.coverage, 10)) }) : "";
  const heads = [
    head("energy.today", element("span", { class: "age", "data-age": "today" })),
    head("energy.yesterday", element("span", { class: "age" }, yesterday ? format.shortDay(yesterday.date) : NOTHING)),
    head(unit === "w" ? "energy.sinceFirst" : "energy.allTime", element("span", { class: "age" }, sinceText(unit, sinceFirst, zone))),
  ];
  box.replaceChildren(element(
    "table", {}, element("caption", {}, [t("energy.caption"), coverage, unit === "w" ? meanText(sinceFirst, zone) : ""].filter(Boolean).join(" ")),
    element("thead", {}, element("tr", {}, element("td", { "data-unit": unit === "w" ? "" : "kWh" }), ...heads)), element("tbody", {}, ...rows, ...shares),
  ));
}

/** Since when the last column counts: the device since it was installed, LiveOne since its first reading. @param {string} unit @param {import("../types").SinceFirst | null} found @param {import("../types").Zone} zone */
function sinceText(unit, found, zone) {
  if (unit !== "w") return t("energy.counted");
  return found ? format.date(zone.date(Date.parse(found.since))) : NOTHING;
}

/** Of what the means of all time are the means. @param {import("../types").SinceFirst | null} found @param {import("../types").Zone} zone */
function meanText(found, zone) {
  return found ? t("energy.meanSince", { day: format.date(zone.date(Date.parse(found.since))) }) : t("energy.noMean");
}

/** @param {string} title @param {HTMLElement} under how old the column's numbers are */
function head(title, under) {
  return element("th", { scope: "col" }, t(title), under);
}

/** @param {string} title @param {(number | null)[]} shares */
function share(title, shares) {
  return element("tr", { class: "share", "data-of": "grid" }, element("th", { scope: "row" }, t(title)), ...shares.map((each) => cell({ number: format.percent(each), unit: "" }, null)));
}

/** @param {{number: string, unit: string}} value @param {string | null | undefined} quality */
function cell({ number, unit }, quality) {
  const estimated = quality === "estimated";
  const after = unit && number !== NOTHING ? [element("span", { class: `unit-${unit}` }, `${CLOSE}${unit}`)] : [];
  return element("td", estimated ? { class: "est", title: t("energy.estimated") } : {}, number, ...after);
}
