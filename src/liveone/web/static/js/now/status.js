// Whether what is shown is live: the running age of every number, late and silent with the reason, values and
// counters that stand still, faults.

import { faultKey } from "../core/faults.js";
import { age, moment } from "../core/format.js";
import { IMPORT_ONLY, ageSeconds, silence, stateAt } from "../core/freshness.js";
import { byId, say, show } from "../ui/dom.js";
import { format, t } from "../ui/text.js";

const NAMES = ["solar", "load", "battery_in", "battery_out", "grid_in", "grid_out"];

/**
 * @param {import("../types").Reading} reading @param {import("../types").Data} data @param {number} nowAt
 * @param {import("../types").Zone} zone @param {{link: string, trouble: string}} around
 */
export function fillStatus(reading, data, nowAt, zone, { link, trouble }) {
  const seconds = ageSeconds(reading, nowAt);
  const state = stateAt(seconds, data.freshness);
  const shown = state === "fresh" && data.freshness.frozenValues ? "frozen" : state;
  say(byId("age"), t(`age.${shown}`, { age: ageText(seconds), time: moment(Date.parse(reading.receivedTime), nowAt, zone, format) }));
  const ages = /** @type {Record<string, string>} */ ({ "": ageText(seconds), today: data.latest ? ageText(ageSeconds(data.latest, nowAt)) : "" });
  for (const node of document.querySelectorAll("[data-age]")) say(node, ages[node.getAttribute("data-age") ?? ""]);
  for (const node of document.querySelectorAll("[data-live]")) node.setAttribute("data-mood", shown);
  showLink(link, shown);
  const parts = [trouble, state === "fresh" ? "" : reason(reading, data, nowAt, zone), quiet(data), stuck(data)];
  const said = parts.filter(Boolean).join(" ");
  byId("notice").classList.toggle("late", state !== "silent" && !trouble);
  show(byId("notice"), said);
  showFault(reading, data, nowAt, zone);
  return state;
}

/** @param {number} seconds */
export function ageText(seconds) {
  const { key, n } = age(seconds);
  return t(key, { n });
}

/** "live" is a promise about the data: an open stream that brings nothing is only "connected". @param {string} link @param {string} state */
function showLink(link, state) {
  const word = link === "" ? "connecting" : link !== "live" ? "reconnecting" : state === "fresh" ? "live" : state === "frozen" ? "frozen" : "connected";
  byId("link").dataset.state = word;
  say(byId("link"), t(`link.${word}`));
}

/** @param {import("../types").Reading} reading @param {import("../types").Data} data @param {number} nowAt @param {import("../types").Zone} zone */
function reason(reading, data, nowAt, zone) {
  const since = t("silent.since", { time: moment(Date.parse(reading.receivedTime), nowAt, zone, format) });
  const why = silence(reading, data.polling, data.freshness, data.vendorType);
  return `${since} ${t(`silent.${why}`, { error: data.polling?.lastError ?? "" })}`;
}

/** Why a system has no reading yet. @param {Partial<Pick<import("../types").Data, "polling" | "vendorType">>} data */
export function emptyText({ polling, vendorType }) {
  if (vendorType === IMPORT_ONLY) return t("empty.imported");
  if (polling?.lastError) return t("empty.failed", { error: polling.lastError });
  return t(polling?.lastPollTime ? "empty.polled" : "empty.unpolled");
}

/** Which of its devices said nothing in time, each with the reason. @param {Pick<import("../types").Data, "sources">} data */
export function quiet({ sources }) {
  return (sources ?? []).filter(({ missing }) => missing).map(({ name, missing }) => t("sources.missing", { name, why: missing ?? "" })).join(" ");
}

/** What stands still though it should move: all values, or counters whose power flows. @param {Pick<import("../types").Data, "freshness">} data */
export function stuck({ freshness }) {
  const names = (freshness?.frozenCounters ?? []).filter((name) => NAMES.includes(name)).map((name) => t(`counter.${name}`));
  const said = names.length ? t("frozen.counters", { names: names.join(", ") }) : "";
  return freshness?.frozenValues ? `${t("frozen.values")} ${said}`.trim() : said;
}

/** @param {import("../types").Reading} reading @param {import("../types").Data} data @param {number} nowAt @param {import("../types").Zone} zone */
function showFault({ system }, data, nowAt, zone) {
  const key = faultKey(data.vendorType, system.faultCode);
  const since = system.faultTimestamp ? t("fault.since", { time: moment(Date.parse(system.faultTimestamp), nowAt, zone, format) }) : "";
  show(byId("fault"), key ? `${faultText(system.faultCode, key)}${since}.` : "");
}

/** "Fault 57 (what it means)". @param {import("../types").Maybe} code @param {string} key of the message that says what it means */
export function faultText(code, key) {
  return t("fault.code", { code: code ?? 0, meaning: t(key) });
}
