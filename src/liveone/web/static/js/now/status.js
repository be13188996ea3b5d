// Whether what is shown is live: the running age, late and silent with the reason, values that stand still, faults.

import { faultKey } from "../core/faults.js";
import { age, moment } from "../core/format.js";
import { ageSeconds, mood } from "../core/freshness.js";
import { byId, say, show } from "../ui/dom.js";
import { format, t } from "../ui/text.js";

const NAMES = ["solar", "load", "battery_in", "battery_out", "grid_in", "grid_out"];

/**
 * @param {import("../types").Reading} reading @param {import("../types").Data} data @param {number} nowAt
 * @param {import("../types").Zone} zone @param {{link: string, trouble: string}} around
 */
export function fillStatus(reading, data, nowAt, zone, { link, trouble }) {
  const seconds = ageSeconds(reading, nowAt);
  const state = mood(seconds, data.freshness?.cadenceS ?? 60);
  const text = ageText(seconds);
  say(byId("age"), t(`age.${state}`, { age: text, time: moment(Date.parse(reading.timestamp), nowAt, zone, format) }));
  for (const node of document.querySelectorAll("[data-age]")) say(node, text);
  for (const node of document.querySelectorAll("[data-live]")) node.setAttribute("data-mood", frozen(data) && state === "fresh" ? "frozen" : state);
  showLink(link, state);
  const parts = [trouble, state === "fresh" ? "" : reason(reading, data, nowAt, zone), stuck(data)];
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
  const word = link === "" ? "connecting" : link !== "live" ? "reconnecting" : state === "fresh" ? "live" : "connected";
  byId("link").dataset.state = word;
  say(byId("link"), t(`link.${word}`));
}

/** @param {import("../types").Reading} reading @param {import("../types").Data} data @param {number} nowAt @param {import("../types").Zone} zone */
function reason(reading, data, nowAt, zone) {
  const since = t("silent.since", { time: moment(Date.parse(reading.timestamp), nowAt, zone, format) });
  const { polling } = data;
  if (!polling) return since;
  if (!polling.isActive) return `${since} ${t("silent.paused")}`;
  if (polling.consecutiveErrors && polling.lastError) return `${since} ${t("silent.failed", { error: polling.lastError })}`;
  return `${since} ${t("silent.nothing")}`;
}

/** @param {import("../types").Data} data */
function frozen(data) {
  return Boolean(data.freshness?.frozenValues);
}

/** @param {import("../types").Data} data */
function stuck(data) {
  const names = (data.freshness?.frozenCounters ?? []).filter((name) => NAMES.includes(name)).map((name) => t(`counter.${name}`));
  const said = names.length ? t("frozen.counters", { names: names.join(", ") }) : "";
  return frozen(data) ? `${t("frozen.values")} ${said}`.trim() : said;
}

/** @param {import("../types").Reading} reading @param {import("../types").Data} data @param {number} nowAt @param {import("../types").Zone} zone */
function showFault({ system }, data, nowAt, zone) {
  const key = faultKey(data.vendorType, system.faultCode);
  const since = system.faultTimestamp ? t("fault.since", { time: moment(Date.parse(system.faultTimestamp), nowAt, zone, format) }) : "";
  show(byId("fault"), key ? `${t("fault.code", { code: system.faultCode ?? 0 })} ${since} ${t(key)}`.replace("  ", " ") : "");
}
