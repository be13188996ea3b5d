// The energy table: today so far and yesterday, estimated values marked.

import { element } from "./dom.js";
import { kwh } from "./format.js";

const ROWS = [
  ["Solar", "solarKwh", "solarKwh"],
  ["House", "loadKwh", "loadKwh"],
  ["Into the battery", "batteryInKwh", "batteryChargeKwh"],
  ["Out of the battery", "batteryOutKwh", "batteryDischargeKwh"],
  ["Imported", "gridInKwh", "gridImportKwh"],
  ["Exported", "gridOutKwh", "gridExportKwh"],
];

export function fillTable(box, latest, yesterday) {
  const { today, quality } = latest.energy;
  const rows = ROWS.map(([title, now, before]) =>
    element(
      "tr", {},
      element("th", { scope: "row" }, title),
      cell(today[now], quality[now]),
      cell(yesterday?.energy[before], yesterday?.quality[before]),
    ));
  const coverage = yesterday ? ` ${yesterday.dataQuality.coverage} of yesterday's intervals were read.` : "";
  box.replaceChildren(element(
    "table", {},
    element("caption", {}, `~ is estimated in part: counters were missing or readings had gaps.${coverage}`),
    element("thead", {}, element(
      "tr", {},
      element("th", { scope: "col" }, "kWh"),
      element("th", { scope: "col" }, "Today so far"),
      element("th", { scope: "col" }, "Yesterday"),
    )),
    element("tbody", {}, ...rows),
  ));
}

function cell(value, quality) {
  const estimated = quality === "estimated";
  return element("td", estimated ? { class: "est", title: "estimated" } : {}, kwh(value));
}
