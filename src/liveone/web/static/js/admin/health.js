// How polling goes: what is wrong in words, who polls, each system's answers and errors, the numbers behind it.

import { NOTHING, age } from "../core/format.js";
import { ask } from "../ui/api.js";
import { element } from "../ui/dom.js";
import { format, snapshot, t } from "../ui/text.js";
import { stateOf } from "./systems.js";
import { factsOf, tableOf } from "./table.js";
import { count, local, moment, size } from "./words.js";

const ROLES = ["all", "web", "poller"];
const HEADS = ["admin.name", "admin.state", "admin.answered", "admin.errorsNow", "system.lastSuccess", "system.lastError"];
const POLLER_HEADS = ["admin.poller", "admin.part.systems", "admin.pollsSince", "admin.lastBeat"];
const MOST_NAMES = 8;
const NUMBERS = [
  "systems", "polls", "failures", "retries", "skipped", "in_flight", "stuck", "slowed_down", "readings_new", "readings_repeated",
  "commits", "readings_spooled", "readings_drained", "spool_waiting", "spool_held", "spool_in_memory", "spool_bytes", "threads",
  "last_poll_at", "last_drain_at", "last_close_at",
];

/** @param {HTMLElement} box */
export async function showHealth(box) {
  const [{ collector, role, mqtt }, { systems }] = await Promise.all([ask("/api/admin/health"), ask("/api/admin/systems")]);
  const problems = /** @type {string[]} */ (collector.problems ?? []);
  box.append(
    element("h2", { tabindex: -1 }, t("admin.part.health")),
    problems.length
      ? element("ul", { class: "notice late problems", lang: "en" }, ...problems.map((problem) => element("li", {}, problem)))
      : element("p", { class: "lead well" }, t("admin.noProblems")),
    whoPolls(systems, role, collector),
    tableOf(t("admin.part.health"), HEADS.map((key) => t(key)), systems.map(line), t("admin.noSystems")),
    element("p", { class: "help" }, t("admin.cadence", { seconds: snapshot.cadenceS })),
    ...(mqtt ? telling(mqtt) : []),
    element("details", {}, element("summary", { "data-key": "numbers" }, t("admin.numbers")), numbers(collector)),
  );
}

/** How telling by MQTT goes. @param {{broker: string, base: string, discoveryPrefix: string, isConnected: boolean, devices: number, toldAt: number | null, problem: string, hint: string}} mqtt */
function telling({ broker, base, discoveryPrefix, isConnected, devices, toldAt, problem, hint }) {
  /** @type {[string, string][]} */
  const facts = [
    [t("mqtt.broker"), broker], [t("admin.state"), t(isConnected ? "mqtt.connected" : "mqtt.away")], [t("mqtt.base"), base],
    [t("mqtt.discovery"), discoveryPrefix || NOTHING], [t("mqtt.devices"), count(devices)], [t("mqtt.toldAt"), toldAt ? moment(toldAt) : t("admin.never")],
  ];
  return [
    element("h3", {}, t("mqtt.title")),
    ...(problem ? [element("p", { class: "notice late", lang: "en" }, `${problem}. ${hint}`)] : []),
    factsOf(facts),
  ];
}

/**
 * Several processes may share the systems among them; a system that none of them polls is told.
 * @param {any[]} systems @param {string | undefined} role of the process that answers @param {Record<string, any>} collector
 */
function whoPolls(systems, role, { polls_alone: alone, polled_systems: own = [] }) {
  const active = systems.filter(({ polling }) => polling.isActive);
  const nobody = active.filter(({ polling }) => !polling.by).map(namesOf);
  const known = role && ROLES.includes(role) ? [element("p", {}, t(alone ? "admin.pollsAlone" : `admin.role.${role}`))] : [];
  if (alone) return element("div", { class: "who" }, ...known);
  const pollers = [...new Set(active.map(({ polling }) => polling.by).filter(Boolean))];
  const rows = pollers.map((by) => poller(by, active.filter(({ polling }) => polling.by === by), own));
  return element(
    "div", { class: "who" }, ...known,
    ...(nobody.length && rows.length ? [element("p", { class: "notice late" }, t("admin.polledByNobody", { names: nobody.join(", ") }))] : []),
    ...(rows.length ? [tableOf(t("admin.whoPolls"), POLLER_HEADS.map((key) => t(key)), rows, "")] : []),
  );
}

/** One process that polls. @param {string} by its name @param {any[]} held its systems @param {number[]} own ids that the answering process polls */
function poller(by, held, own) {
  const sinceS = Math.max(...held.map(({ polling }) => polling.byForS));
  const seenS = held[0].polling.bySeenS;
  const { key, n } = age(seenS ?? 0);
  const names = held.map(namesOf);
  return [
    held.some(({ id }) => own.includes(id)) ? t("admin.thisProcess", { name: by }) : by,
    names.length > MOST_NAMES ? t("admin.systemsCount", { count: count(names.length) }) : names.join(", "),
    moment(Date.now() / 1000 - sinceS),
    seenS === null ? t("admin.noBeat") : t(key, { n }),
  ];
}

/** @param {any} system */
function namesOf({ displayName }) {
  return displayName;
}

/** @param {any} system */
function line(system) {
  const { polling } = system;
  const share = polling.totalPolls ? t("admin.shareOf", { share: format.percent(polling.successfulPolls / polling.totalPolls), count: count(polling.totalPolls) }) : NOTHING;
  const error = polling.lastError ? element("span", {}, `${local(polling.lastErrorTime)} `, element("span", { lang: "en" }, polling.lastError)) : t("admin.noError");
  const row = polling.consecutiveErrors ? element("b", { class: "state late" }, count(polling.consecutiveErrors)) : "0";
  return [system.displayName, stateOf(system), share, row, local(polling.lastSuccessTime), error];
}

/** What the process says of itself; what this page has no words for is shown under its own name. @param {Record<string, any>} collector */
function numbers(collector) {
  const names = Object.keys(collector).filter((name) => typeof collector[name] === "number" || (collector[name] === null && name.endsWith("_at")));
  const sorted = names.sort((a, b) => order(a) - order(b));
  const box = factsOf(sorted.map((name) => [NUMBERS.includes(name) ? t(`admin.number.${name}`) : name.replaceAll("_", " "), value(name, collector[name])]));
  box.classList.add("columns");
  return box;
}

/** @param {string} name */
function order(name) {
  const at = NUMBERS.indexOf(name);
  return at < 0 ? NUMBERS.length : at;
}

/** @param {string} name @param {number | null} number */
function value(name, number) {
  if (name.endsWith("_at")) return number ? moment(number) : t("admin.never");
  return name.endsWith("_bytes") ? size(Number(number)) : count(number);
}
