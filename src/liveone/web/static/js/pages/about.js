// What is known of the system itself, and how polling it goes.

import { NOTHING, moment } from "../core/format.js";
import { element } from "../ui/dom.js";
import { format, snapshot, t } from "../ui/text.js";

/** @param {HTMLElement} box @param {import("../types").Data} data @param {import("../types").Zone} zone @param {number} nowAt */
export function fillAbout(box, data, zone, nowAt) {
  const { systemInfo: info, polling } = data;
  const time = (/** @type {string | null} */ iso) => (iso ? moment(Date.parse(iso), nowAt, zone, format) : NOTHING);
  const share = format.percent(polling.totalPolls ? polling.successfulPolls / polling.totalPolls : null);
  const facts = /** @type {[string, string | null][]} */ ([
    ["system.model", info.model], ["system.serial", info.serial], ["system.ratings", format.told(info.ratings)],
    ["system.solar", format.told(info.solarSize)], ["system.battery", format.told(info.batterySize)],
    ["system.site", `${data.vendorType} \u00b7 ${data.vendorSiteId}`],
    ["system.devices", (data.sources ?? []).map(({ name, roles }) => (roles.length ? `${name} (${roles.map((role) => t(`sources.role.${role}`)).join(", ")})` : name)).join("; ") || null],
    ["system.derived", data.derived?.includes("loadW") ? t("sources.loadDerived") : null],
    ["system.zone", zone.label(nowAt)],
    ["system.first", snapshot.extent.first ? time(snapshot.extent.first) : null],
    ["system.generator", data.latest?.system.generatorStatus === null || !data.latest ? null : t(data.latest.system.generatorStatus ? "words.generating" : "words.off")],
    ["system.polls", polling.totalPolls ? t("system.pollsText", { share, total: format.decimal(polling.totalPolls, 0) }) : NOTHING],
    ["system.lastSuccess", time(polling.lastSuccessTime)],
    ["system.lastError", polling.lastErrorTime ? [time(polling.lastErrorTime), polling.lastError].filter(Boolean).join(": ") : null],
  ]);
  box.replaceChildren(...facts.filter(([, value]) => value).map(([key, value]) => element(
    "div", {}, element("dt", {}, t(key)), element("dd", {}, value ?? NOTHING),
  )));
}
