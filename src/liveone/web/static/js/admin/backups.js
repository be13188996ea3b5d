// Backups: made while one watches, downloaded, put back - with what would be missing then said before.

import { NOTHING } from "../core/format.js";
import { ask, send } from "../ui/api.js";
import { element, say } from "../ui/dom.js";
import { format, t } from "../ui/text.js";
import { visit } from "./address.js";
import { attempt, confirmed, failed, openDialog, waiting } from "./dialog.js";
import { done } from "./outcome.js";
import { tableOf } from "./table.js";
import { count, moment, size } from "./words.js";

const PATIENCE_MS = 1800000;
const LOOK_MS = 400;

/** @typedef {{sinceAt: number, bytes: number, ofBytes: number}} Making */

/** @param {HTMLElement} box */
export async function showBackups(box) {
  const { backups, making, schedule, freeBytes, refusal } = await ask("/api/admin/backups");
  const make = element("button", { type: "button", class: "main", "data-key": "make" }, t("admin.backUp"));
  const trouble = element("p", { class: "notice", role: "alert", hidden: true });
  const bar = progressBar();
  make.addEventListener("click", () => attempt(make, trouble, () => backUp(bar, box)));
  const rows = backups.map((/** @type {{name: string, bytes: number, at: number}} */ one) => [one.name, moment(one.at), size(one.bytes), actions(one.name, Boolean(refusal))]);
  box.append(
    element("div", { class: "row" }, element("h2", { tabindex: -1 }, t("admin.part.backups")), make), trouble, bar.box,
    element("p", { class: "help lead" }, t("admin.backupsHelp"), " ", t("admin.diskFree", { size: size(freeBytes) })),
    element("p", { class: "help lead" }, ...inWords(schedule)),
    ...(schedule.error ? [element("p", { class: "notice late" }, t("admin.scheduleFailed"), " ", element("span", { lang: "en" }, schedule.error))] : []),
    ...(refusal ? [element("p", { class: "notice late" }, t("admin.noRestoreHere"), " ", element("span", { lang: "en" }, `${refusal.error}. ${refusal.hint}`))] : []),
    tableOf(t("admin.part.backups"), ["admin.backup", "admin.made", "admin.size", "admin.actions"].map((key) => t(key)), rows, t("admin.noBackups")),
  );
  if (making) watch(bar, box);
}

/** How often one is made by itself, and when one was put back on trial. @param {{everyS: number, restoredAt: number | null}} schedule */
function inWords({ everyS, restoredAt }) {
  const often = everyS ? t("admin.schedule", { hours: count(everyS / 3600) }) : t("admin.scheduleOff");
  return restoredAt ? [often, " ", t("admin.scheduleTrial", { time: moment(restoredAt) })] : [often];
}

function progressBar() {
  const meter = /** @type {HTMLProgressElement} */ (element("progress", { max: 1, "aria-label": t("admin.backUp") }));
  const words = element("p", { role: "status" });
  return { box: element("div", { class: "panel progress", hidden: true }, words, meter), meter, words };
}

/** @param {ReturnType<typeof progressBar>} bar @param {HTMLElement} box */
async function backUp(bar, box) {
  const end = follow(bar, box);
  try {
    const { backup } = await send("/api/admin/backups", {}, "POST", PATIENCE_MS);
    done(t("admin.backedUp", { name: backup.name, size: size(backup.bytes), count: count(backup.rows.readings) }));
  } finally {
    end();
  }
}

/** One that somebody else began. @param {ReturnType<typeof progressBar>} bar @param {HTMLElement} box */
function watch(bar, box) {
  const end = follow(bar, box, () => {
    end();
    dispatchEvent(new PopStateEvent("popstate"));
  });
}

/** @param {ReturnType<typeof progressBar>} bar @param {HTMLElement} box @param {() => void} ended */
function follow(bar, box, ended = () => undefined) {
  bar.box.hidden = false;
  say(bar.words, t("admin.copying"));
  let open = true;
  const look = async () => {
    if (!open || !box.isConnected) return;
    const { making } = await ask("/api/admin/backups").catch(() => ({ making: undefined }));
    if (!open) return;
    if (making) draw(bar, making);
    if (making === null) ended();
    setTimeout(look, LOOK_MS);
  };
  setTimeout(look, LOOK_MS);
  return () => {
    open = false;
    bar.box.hidden = true;
  };
}

/** The words change twice in all, so that they may be read out; the bar says the rest. @param {ReturnType<typeof progressBar>} bar @param {Making} making */
function draw({ meter, words }, { bytes, ofBytes }) {
  const copying = bytes < ofBytes;
  if (copying) meter.value = bytes / ofBytes;
  else meter.removeAttribute("value");
  say(words, copying ? t("admin.copying") : t("admin.checking"));
}

/** @param {string} name @param {boolean} refused */
function actions(name, refused) {
  const restore = element("button", { type: "button", class: "danger", "data-key": `restore ${name}`, "aria-label": `${t("admin.restore")}: ${name}` }, t("admin.restore"));
  restore.addEventListener("click", () => visit({ ask: "restore", backup: name }));
  const download = element("a", { class: "button", href: `/api/admin/backups/${name}`, download: name, "aria-label": `${t("admin.download")}: ${name}` }, t("admin.download"));
  return element("span", { class: "row-actions" }, download, ...(refused ? [] : [restore]));
}

/** @param {import("./address.js").Place} at */
export async function restore(at) {
  const name = at.backup;
  waiting(t("admin.restoreTitle"), t("admin.proving", { name }));
  try {
    const found = await ask(`/api/admin/backups/${encodeURIComponent(name)}/contents`, { patienceMs: PATIENCE_MS });
    confirmed(t("admin.restoreTitle"), before(found), name, t("admin.restore"), (typed) => putBack(name, typed));
  } catch (error) {
    failed(t("admin.restoreTitle"), error, () => restore(at));
  }
}

/** @param {{sha256: string, generation: number, systems: {backup: any, now: any}[]}} found */
function before({ sha256, generation, systems }) {
  const rows = systems.map(({ backup, now }) => [
    (now ?? backup).name, standing(backup), standing(now),
    backup && now ? count(Math.max(0, now.readings - backup.readings)) : now ? count(now.readings) : NOTHING,
  ]);
  const missing = systems.reduce((sum, { backup, now }) => sum + Math.max(0, (now?.readings ?? 0) - (backup?.readings ?? 0)), 0);
  return [
    element("p", {}, t("admin.proven", { generation, hash: `${sha256.slice(0, 12)}\u2026` })),
    tableOf(t("admin.restoreTitle"), ["admin.name", "admin.inBackup", "admin.inDatabase", "admin.missing"].map((key) => t(key)), rows, t("admin.noSystems")),
    element("p", { class: "notice late" }, missing ? t("admin.missingText", { count: count(missing) }) : t("admin.nothingMissing")),
    element("p", {}, t("admin.restoreText")),
  ];
}

/** @param {{readings: number, newestAt: number | null} | null} one */
function standing(one) {
  return one ? element("span", {}, t("admin.readingsUntil", { count: count(one.readings), time: moment(one.newestAt) })) : t("admin.notThere");
}

/** @param {string} name @param {string} typed */
async function putBack(name, typed) {
  const { restored } = await send(`/api/admin/backups/${encodeURIComponent(name)}/restore`, { confirm: typed }, "POST", PATIENCE_MS);
  const text = t("admin.restoredText", { count: format.decimal(restored.rows.readings, 0), kept: restored.keptAs });
  openDialog(t("admin.restored"), element("p", { role: "status" }, text));
  done(t("admin.restored"));
}
