// The ledger of what changed the database, and the runs beside it with their reports.

import { Refused, ask } from "../ui/api.js";
import { element } from "../ui/dom.js";
import { format, t } from "../ui/text.js";
import { visit } from "./address.js";
import { failed, openDialog, waiting } from "./dialog.js";
import { tableOf } from "./table.js";
import { count, moment } from "./words.js";

const LEDGER = ["admin.action", "admin.direction", "admin.at", "admin.who", "admin.frozen", "admin.rows", "admin.run"];

/** @param {HTMLElement} box */
export async function showMigrations(box) {
  const found = await ask("/api/admin/migrations");
  const state = found.inSync ? t("admin.inSync", { generation: found.generation }) : t("admin.notInSync", { generation: found.generation, newest: found.newest });
  const entries = found.entries.map((/** @type {any} */ one) => [
    one.action, t(`admin.direction.${one.direction}`), moment(one.at), one.who, `${format.decimal(one.frozenMs, 0)} ms`, count(one.rows), one.runId,
  ]);
  box.append(
    element("h2", { tabindex: -1 }, t("admin.part.migrations")),
    element("p", { class: found.inSync ? "lead well" : "notice late" }, state),
    ...(found.pending.length ? [element("p", {}, t("admin.toDo")), element("ul", {}, ...found.pending.map((/** @type {string} */ plan) => element("li", {}, element("code", {}, plan))))] : []),
    element("h3", {}, t("admin.ledger")),
    tableOf(t("admin.ledger"), LEDGER.map((key) => t(key)), entries, t("admin.noEntries")),
    element("h3", {}, t("admin.runs")),
    tableOf(t("admin.runs"), [t("admin.run"), t("admin.reports")], found.runs.map(run), t("admin.noRuns")),
  );
}

/** @param {{runId: string, reports: string[]}} one */
function run({ runId, reports }) {
  const page = element("a", { class: "button", href: address(runId, "html"), target: "_blank", rel: "noopener", "aria-label": `${t("admin.reportPage")}: ${runId}` }, t("admin.reportPage"));
  const text = element("button", { type: "button", "data-key": `report ${runId}`, "aria-label": `${t("admin.report")}: ${runId}` }, t("admin.report"));
  text.addEventListener("click", () => visit({ ask: "report", run: runId }));
  const shown = [...(reports.includes("html") ? [page] : []), ...(reports.includes("md") ? [text] : [])];
  return [runId, shown.length ? element("span", { class: "row-actions" }, ...shown) : t("admin.noReport")];
}

/** @param {string} runId @param {string} kind */
function address(runId, kind) {
  return `/api/admin/migrations/${encodeURIComponent(runId)}/report?kind=${kind}`;
}

/** @param {import("./address.js").Place} at */
export async function report(at) {
  waiting(at.run, t("admin.loading"));
  try {
    const answer = await fetch(address(at.run, "md"));
    if (!answer.ok) throw new Refused((await answer.json()).error, answer.status, {});
    openDialog(at.run, element("pre", { class: "report", tabindex: 0, lang: "en" }, await answer.text()));
  } catch (error) {
    failed(at.run, error, () => report(at));
  }
}
