// How polling goes: the collector's problems in words, its numbers, and each system's errors.

import { NOTHING } from "../core/format.js";
import { ask } from "../ui/api.js";
import { element } from "../ui/dom.js";
import { format, snapshot, t } from "../ui/text.js";
import { tableOf } from "./dialog.js";

/** @param {HTMLElement} box */
export async function showHealth(box) {
  const [{ collector }, { systems }] = await Promise.all([ask("/api/admin/health"), ask("/api/admin/systems")]);
  const problems = /** @type {string[]} */ (collector.problems ?? []);
  const numbers = Object.entries(collector).filter(([, value]) => typeof value === "number");
  const rows = systems.map((/** @type {any} */ { displayName, polling }) => [
    displayName, `${polling.totalPolls ? format.percent(polling.successfulPolls / polling.totalPolls) : NOTHING}`, format.decimal(polling.totalPolls, 0),
    format.decimal(polling.consecutiveErrors, 0), time(polling.lastSuccessTime), polling.lastError ? `${time(polling.lastErrorTime)}: ${polling.lastError}` : NOTHING,
  ]);
  box.replaceChildren(
    element("h2", {}, t("admin.health")),
    problems.length
      ? element("ul", { class: "notice late problems" }, ...problems.map((problem) => element("li", {}, problem)))
      : element("p", { class: "lead" }, t("admin.noProblems")),
    tableOf(["admin.name", "admin.answered", "admin.polls", "admin.errorsNow", "system.lastSuccess", "system.lastError"].map((key) => t(key)), rows, t("overview.none")),
    element("h3", {}, t("admin.numbers")),
    element("dl", { class: "panel facts columns" }, ...numbers.map(([name, value]) => element("div", {}, element("dt", {}, name.replaceAll("_", " ")), element("dd", {}, value > 1e9 ? new Date(Number(value) * 1000).toLocaleTimeString() : format.decimal(Number(value), Number.isInteger(value) ? 0 : 1))))),
    element("p", { class: "help" }, t("admin.cadence", { seconds: snapshot.cadenceS })),
  );
}

/** @param {string | null} iso */
function time(iso) {
  return iso ? iso.slice(0, 16).replace("T", " ") : NOTHING;
}
