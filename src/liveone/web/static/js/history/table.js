// The energy table: today, yesterday, all time; as energy or as mean power; and the two shares.

import { meanW, selfConsumption, selfSufficiency } from "../core/energy.js";
import { NOTHING } from "../core/format.js";
import { element } from "../ui/dom.js";
import { format, t } from "../ui/text.js";

/** Message, today's and all time's name, yesterday's name. */
const ROWS = [
  ["energy.solar", "solarKwh", "solarKwh"], ["energy.load", "loadKwh", "loadKwh"],
  ["energy.batteryIn", "batteryInKwh", "batteryChargeKwh"], ["energy.batteryOut", "batteryOutKwh", "batteryDischargeKwh"],
  ["energy.gridIn", "gridInKwh", "gridImportKwh"], ["energy.gridOut", "gridOutKwh", "gridExportKwh"],
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
  const rows = ROWS.map(([title, now, before]) => element(
    "tr", {}, element("th", { scope: "row" }, t(title)),
    cell(text(today[now], hours.today), quality[now]),
    cell(text(yesterday?.energy[before], hours.yesterday), yesterday?.quality[before]),
    cell(unit === "w" ? text(sinceFirst?.energy[now], sinceFirst?.hours ?? null) : format.kwh(total[now]), null),
  ));
  const y = yesterday?.energy ?? {};
  const shares = [
    share("today.sufficiency", [selfSufficiency(today.loadKwh, today.gridInKwh), selfSufficiency(y.loadKwh, y.gridImportKwh), selfSufficiency(total.loadKwh, total.gridInKwh)]),
    share("today.consumption", [selfConsumption(today.solarKwh, today.gridOutKwh), selfConsumption(y.solarKwh, y.gridExportKwh), selfConsumption(total.solarKwh, total.gridOutKwh)]),
  ];
  const coverage = yesterday ? t("energy.coverage", { coverage: yesterday.dataQuality.coverage }) : "";
  const heads = [
    head("energy.today", element("span", { class: "age", "data-age": "today" })),
    head("energy.yesterday", element("span", { class: "age" }, yesterday ? format.shortDay(yesterday.date) : NOTHING)),
    head("energy.allTime", element("span", { class: "age", "data-age": "today" })),
  ];
  box.replaceChildren(element(
    "table", {}, element("caption", {}, [t("energy.caption"), coverage, unit === "w" ? meanText(sinceFirst, zone) : ""].filter(Boolean).join(" ")),
    element("thead", {}, element("tr", {}, element("td", { "data-unit": unit === "w" ? "" : "kWh" }), ...heads)), element("tbody", {}, ...rows, ...shares),
  ));
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
  return element("tr", { class: "share" }, element("th", { scope: "row" }, t(title)), ...shares.map((each) => cell({ number: format.percent(each), unit: "" }, null)));
}

/** @param {{number: string, unit: string}} value @param {string | null | undefined} quality */
function cell({ number, unit }, quality) {
  const estimated = quality === "estimated";
  const after = unit && number !== NOTHING ? [element("span", { class: `unit-${unit}` }, ` ${unit}`)] : [];
  return element("td", estimated ? { class: "est", title: t("energy.estimated") } : {}, number, ...after);
}
