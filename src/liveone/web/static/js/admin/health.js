// How polling goes: what is wrong in words, who polls, each system's answers and errors, the numbers behind it.

import { NOTHING } from "../core/format.js";
import { ask } from "../ui/api.js";
import { element } from "../ui/dom.js";
import { format, snapshot, t } from "../ui/text.js";
import { stateOf } from "./systems.js";
import { factsOf, tableOf } from "./table.js";
import { count, local, moment, size } from "./words.js";

const ROLES = ["all", "web", "poller"];
const HEADS = ["admin.name", "admin.state", "admin.answered", "admin.errorsNow", "system.lastSuccess", "system.lastError"];
const NUMBERS = [
  "systems", "polls", "failures", "retries", "skipped", "in_flight", "stuck", "slowed_down", "readings_new", "readings_repeated",
  "commits", "readings_spooled", "readings_drained", "spool_waiting", "spool_held", "spool_in_memory", "spool_bytes", "threads",
  "last_poll_at", "last_drain_at", "last_close_at",
];

/** @param {HTMLElement} box */
export async function showHealth(box) {
  const [{ collector, role }, { systems }] = await Promise.all([ask("/api/admin/health"), ask("/api/admin/systems")]);
  const problems = /** @type {string[]} */ (collector.problems ?? []);
  box.append(
    element("h2", { tabindex: -1 }, t("admin.part.health")),
    problems.length
      ? element("ul", { class: "notice late problems", lang: "en" }, ...problems.map((problem) => element("li", {}, problem)))
      : element("p", { class: "lead well" }, t("admin.noProblems")),
    whoPolls(systems, role),
    tableOf(t("admin.part.health"), HEADS.map((key) => t(key)), systems.map(line), t("admin.noSystems")),
    element("p", { class: "help" }, t("admin.cadence", { seconds: snapshot.cadenceS })),
    element("details", {}, element("summary", { "data-key": "numbers" }, t("admin.numbers")), numbers(collector)),
  );
}

/** Several processes may share the systems among them. @param {any[]} systems @param {string | undefined} role of the process that answers */
function whoPolls(systems, role) {
  const shared = systems.filter(({ polling }) => polling.by);
  const lines = shared.map(({ displayName, polling }) => element("li", {}, t("admin.polledBy", { name: displayName, by: polling.by })));
  return element(
    "div", {}, ...(role && ROLES.includes(role) ? [element("p", {}, t(`admin.role.${role}`))] : []),
    ...(lines.length ? [element("ul", { class: "problems" }, ...lines)] : []),
  );
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
