// What keeps the data: storage, backups and the way back, migrations with their reports.

import { NOTHING } from "../core/format.js";
import { ask, send } from "../ui/api.js";
import { element } from "../ui/dom.js";
import { format, t } from "../ui/text.js";
import { confirmed, doing, openDialog, tableOf } from "./dialog.js";

const PATIENCE_MS = 600000;

/** @param {HTMLElement} box @param {() => void} again */
export async function showBackups(box, again) {
  const { backups } = await ask("/api/admin/backups");
  const make = doing(t("admin.backUp"), "main", async () => {
    await send("/api/admin/backups", {}, "POST", PATIENCE_MS);
    again();
  });
  const rows = backups.map((/** @type {{name: string, bytes: number, at: number}} */ { name, bytes, at }) => {
    const restore = element("button", { type: "button", class: "danger", "aria-label": `${t("admin.restore")}: ${name}` }, t("admin.restore"));
    restore.addEventListener("click", () => putBack(name, again));
    return [name, moment(at), size(bytes), element("span", { class: "row-actions" }, element("a", { href: `/api/admin/backups/${name}`, download: name }, t("admin.download")), restore)];
  });
  box.replaceChildren(
    element("div", { class: "row" }, element("h2", {}, t("admin.backups")), make.button), make.trouble,
    element("p", { class: "help" }, t("admin.backupsHelp")),
    tableOf(["admin.backup", "admin.made", "admin.size", "admin.actions"].map((key) => t(key)), rows, t("admin.noBackups")),
  );
}

/** @param {string} name @param {() => void} again */
function putBack(name, again) {
  confirmed(t("admin.restoreTitle"), [element("p", {}, t("admin.restoreText"))], name, t("admin.restore"), async (typed) => {
    const { restored } = await send(`/api/admin/backups/${name}/restore`, { confirm: typed }, "POST", PATIENCE_MS);
    again();
    setTimeout(() => openDialog(t("admin.restored"), element("p", {}, t("admin.restoredText", { count: format.decimal(restored.rows.readings, 0), kept: restored.keptAs }))));
  });
}

/** @param {HTMLElement} box */
export async function showStorage(box) {
  const found = await ask("/api/admin/storage");
  const facts = /** @type {[string, string][]} */ ([
    ["admin.generation", String(found.generation)], ["admin.fileSize", size(found.fileBytes)], ["admin.walSize", size(found.walBytes)],
    ["admin.free", size(found.freeBytes)], ["admin.perReading", found.bytesPerReading === null ? NOTHING : `${format.decimal(found.bytesPerReading, 0)} B`],
  ]);
  const rows = Object.entries(found.rows).map(([table, count]) => [table, format.decimal(Number(count), 0)]);
  box.replaceChildren(
    element("h2", {}, t("admin.storage")),
    element("div", { class: "pair" },
      element("dl", { class: "panel facts" }, ...facts.map(([key, value]) => element("div", {}, element("dt", {}, t(key)), element("dd", {}, value)))),
      tableOf([t("admin.table"), t("admin.rows")], rows, "")),
  );
}

/** @param {HTMLElement} box */
export async function showMigrations(box) {
  const found = await ask("/api/admin/migrations");
  const state = found.inSync ? t("admin.inSync", { generation: found.generation }) : t("admin.notInSync", { generation: found.generation, newest: found.newest, pending: found.pending.join(", ") });
  const runs = found.runs.map((/** @type {{runId: string, reports: string[]}} */ { runId, reports }) => [
    runId, reports.length ? element("span", { class: "row-actions" }, ...reports.map((kind) => reportOf(runId, kind))) : t("admin.noReport"),
  ]);
  const entries = found.entries.map((/** @type {any} */ one) => [
    one.action, t(`admin.direction.${one.direction}`), moment(one.at), one.who, `${format.decimal(one.frozenMs, 0)} ms`, format.decimal(one.rows, 0), one.runId,
  ]);
  box.replaceChildren(
    element("h2", {}, t("admin.migrations")), element("p", { class: "lead" }, state),
    element("h3", {}, t("admin.ledger")),
    tableOf(["admin.action", "admin.direction", "admin.at", "admin.who", "admin.frozen", "admin.rows", "admin.run"].map((key) => t(key)), entries, t("admin.noEntries")),
    element("h3", {}, t("admin.runs")), tableOf([t("admin.run"), t("admin.reports")], runs, t("admin.noRuns")),
  );
}

/** @param {string} runId @param {string} kind */
function reportOf(runId, kind) {
  const address = `/api/admin/migrations/${runId}/report?kind=${kind}`;
  if (kind === "html") return element("a", { href: address, download: `${runId}.html` }, t("admin.reportPage"));
  const button = element("button", { type: "button" }, t("admin.report"));
  button.addEventListener("click", async () => {
    const text = await (await fetch(address)).text();
    openDialog(runId, element("pre", { class: "report", tabindex: 0 }, text));
  });
  return button;
}

/** @param {number} bytes */
export function size(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  return `${format.decimal(bytes / 1000 ** power, power ? 1 : 0)} ${units[power]}`;
}

/** In the reader's own time: this is about the server, not about a system. @param {number} at */
function moment(at) {
  return new Date(at * 1000).toLocaleString();
}
