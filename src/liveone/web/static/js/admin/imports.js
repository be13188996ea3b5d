// Imports and repairs: what was done when, and undo; a file looked at and imported; readings taken out.

import { ask, send } from "../ui/api.js";
import { element } from "../ui/dom.js";
import { format, languageOf, sentence, t } from "../ui/text.js";
import { visit } from "./address.js";
import { closeDialog, failed, formOf, openDialog, waiting } from "./dialog.js";
import { done } from "./outcome.js";
import { tableOf } from "./table.js";
import { count, local, moment } from "./words.js";

const PATIENCE_MS = 3600000;
const HEADS = ["admin.when", "admin.name", "admin.what", "admin.readings", "admin.span", "admin.actions"];

/** @typedef {{id: number, system: string | null, kind: string, source: string, by: string, at: number, isFinished: boolean, columns: string[], added: number, setAside: number, undoneAt: number | null, undoneBy: string | null, first: string | null, last: string | null}} Change */
/** @typedef {{offered: number, new: number, replaced: number, excluded: number, change: number | null, bad: number, leftOut: number, lines: {line: number, reason: string}[], notes: string[], said: {lines: import("../ui/text.js").Said[], notes: import("../ui/text.js").Said[]}, first?: string | null, last?: string | null, rows?: {time: string, values: Record<string, number>}[]}} Outcome */

/** @param {HTMLElement} box */
export async function showImports(box) {
  const { changes } = await ask("/api/admin/changes");
  const opening = (/** @type {string} */ what, kind = "") => {
    const button = element("button", { type: "button", class: kind, "data-key": what }, t(`admin.do.${what}`));
    button.addEventListener("click", () => visit({ ask: what }));
    return button;
  };
  box.append(
    element("div", { class: "row" }, element("h2", { tabindex: -1 }, t("admin.part.imports")), element("span", { class: "actions" }, opening("import", "main"), opening("forget"))),
    element("p", { class: "help lead" }, t("admin.importsHelp")),
    tableOf(t("admin.part.imports"), HEADS.map((key) => t(key)), changes.map(line), t("admin.noChanges")),
  );
}

/** @param {Change} change */
function line(change) {
  const what = [t(`admin.kind.${change.kind}`), change.columns.join(", "), change.source].filter(Boolean).join(" \u00b7 ");
  const counts = [
    ...(change.added ? [t("admin.addedCount", { count: count(change.added) })] : []),
    ...(change.setAside ? [t("admin.asideCount", { count: count(change.setAside) })] : []),
  ];
  return [
    moment(change.at), change.system ?? t("admin.notThere"), `${what}${change.isFinished ? "" : ` (${t("admin.unfinished")})`}`,
    counts.join(", ") || "0", change.first ? `${local(change.first)} \u2013 ${local(change.last)}` : "", state(change),
  ];
}

/** @param {Change} change */
function state(change) {
  if (change.undoneAt) return t("admin.undone", { by: change.undoneBy ?? "", time: moment(change.undoneAt) });
  const button = element("button", { type: "button", "data-key": `undo ${change.id}`, "aria-label": `${t("admin.do.undo")}: ${change.source || t(`admin.kind.${change.kind}`)}` }, t("admin.do.undo"));
  button.addEventListener("click", () => visit({ ask: "undo", run: String(change.id) }));
  return element("span", { class: "row-actions" }, button);
}

/** @param {import("./address.js").Place} at */
export async function undo({ run }) {
  const { changes } = await ask("/api/admin/changes");
  const change = /** @type {Change | undefined} */ (changes.find((/** @type {Change} */ one) => String(one.id) === run));
  if (!change) return openDialog(t("admin.do.undo"), element("p", { class: "notice", role: "alert" }, t("admin.noChanges")));
  const { form } = formOf(
    [element("p", {}, t("admin.undoText", { added: count(change.added), aside: count(change.setAside) }))], t("admin.do.undo"), "danger",
    async () => {
      await send(`/api/admin/changes/${run}/undo`, {}, "POST", PATIENCE_MS);
      closeDialog();
      done(t("admin.undoneNow"));
    },
  );
  return openDialog(t("admin.undoTitle", { name: change.source || t(`admin.kind.${change.kind}`) }), form);
}

async function systemField() {
  const { systems } = await ask("/api/admin/systems");
  return choiceOf("admin.ofSystem", systems.map((/** @type {any} */ one) => [String(one.id), one.displayName]));
}

/** @param {string} key @param {string[][]} choices */
function choiceOf(key, choices) {
  const select = /** @type {HTMLSelectElement} */ (element("select", {}, ...choices.map(([value, title]) => element("option", { value }, title))));
  return { label: element("label", {}, t(key), select), select };
}

/** @param {string} key @param {Record<string, any>} attributes */
function fieldOf(key, attributes) {
  const input = /** @type {HTMLInputElement} */ (element("input", attributes));
  return { label: element("label", {}, t(key), input), input };
}

/** @param {import("./address.js").Place} at */
export async function importFile(at) {
  waiting(t("admin.do.import"), t("admin.loading"));
  try {
    const [{ formats, energyUnits, powerUnits }, system] = [await ask("/api/admin/changes"), await systemField()];
    importForm(system, [["auto", t("admin.recognised")], ...formats.map((/** @type {any} */ one) => [one.name, sentence({ template: one.title, params: {} })])], [energyUnits, powerUnits]);
  } catch (error) {
    failed(t("admin.do.import"), error, () => importFile(at));
  }
}

/** @param {{label: HTMLElement, select: HTMLSelectElement}} system @param {string[][]} formats @param {string[][]} units */
function importForm(system, formats, [energyUnits, powerUnits]) {
  const unset = (/** @type {string[]} */ units) => [["", t("admin.asNamed")], ...units.map((unit) => [unit, unit])];
  const file = fieldOf("admin.file", { type: "file", required: true, accept: ".csv,.json,.txt,text/csv,application/json" });
  const layout = choiceOf("admin.format", formats);
  const zone = fieldOf("admin.localTimeOf", { placeholder: "Europe/Berlin", maxlength: 60, autocomplete: "off", spellcheck: "false" });
  const order = choiceOf("admin.dateOrder", [["", t("admin.recognised")], ["dmy", t("admin.dayFirst")], ["mdy", t("admin.monthFirst")]]);
  const encoding = fieldOf("admin.encoding", { placeholder: "UTF-8", maxlength: 40, autocomplete: "off", spellcheck: "false" });
  const energy = choiceOf("admin.energyUnit", unset(energyUnits));
  const power = choiceOf("admin.powerUnit", unset(powerUnits));
  const maps = /** @type {HTMLTextAreaElement} */ (element("textarea", { rows: 3, spellcheck: "false", placeholder: "PV power=solar_w\nGrid=-grid_w" }));
  const replace = /** @type {HTMLInputElement} */ (element("input", { type: "checkbox" }));
  const seen = element("div", { class: "preview", role: "status" });
  const query = () => new URLSearchParams([
    ["name", file.input.files?.[0]?.name ?? "upload.csv"], ["format", layout.select.value], ["timezone", zone.input.value.trim()],
    ["dateOrder", order.select.value], ["encoding", encoding.input.value.trim()],
    ["energyUnit", energy.select.value], ["powerUnit", power.select.value], ["replace", String(replace.checked)],
    ...maps.value.split("\n").map((one) => one.trim()).filter(Boolean).map((one) => ["map", one]),
  ]);
  let looked = "";
  const { form, button } = formOf([
    system.label, file.label,
    element("details", {}, element("summary", {}, t("admin.moreAboutFile")), layout.label, zone.label, order.label, encoding.label, energy.label, power.label, element("label", {}, t("admin.columns"), maps)),
    element("label", { class: "check" }, replace, " ", t("admin.replaceThere")), seen,
  ], t("admin.lookFirst"), "main", async () => {
    const asked = `${system.select.value}?${query()}`;
    const outcome = await sent(system.select.value, query(), file.input, looked !== asked);
    if (looked === asked) return finish(outcome);
    looked = asked;
    seen.replaceChildren(...told(outcome, true));
    button.textContent = t("admin.do.import");
  });
  form.addEventListener("change", () => {
    looked = "";
    seen.replaceChildren();
    button.textContent = t("admin.lookFirst");
  });
  openDialog(t("admin.do.import"), element("p", { class: "help" }, t("admin.importHelp")), form);
}

/** @param {string} system @param {URLSearchParams} query @param {HTMLInputElement} input @param {boolean} dryRun @returns {Promise<Outcome>} */
function sent(system, query, input, dryRun) {
  query.set("dryRun", String(dryRun));
  const headers = { "content-type": "application/octet-stream" };
  return ask(`/api/admin/systems/${system}/import?${query}`, { method: "POST", headers, body: input.files?.[0], patienceMs: PATIENCE_MS });
}

/** @param {Outcome} outcome */
function finish(outcome) {
  openDialog(t("admin.imported"), ...told(outcome, false));
  done(t("admin.importedText", { count: count(outcome.new + outcome.replaced) }));
}

/** What a file holds, or what was imported of it. @param {Outcome} outcome @param {boolean} isPreview */
function told(outcome, isPreview) {
  const there = outcome.offered - outcome.new - outcome.replaced - outcome.excluded;
  const counts = { all: count(outcome.offered), fresh: count(outcome.new), replaced: count(outcome.replaced), there: count(there) };
  return [
    element("p", {}, t(isPreview ? "admin.wouldCome" : "admin.came", counts)),
    ...(outcome.first ? [element("p", {}, `${local(outcome.first)} \u2013 ${local(outcome.last ?? null)}`)] : []),
    ...(outcome.rows?.length ? [element("ul", { class: "losing" }, ...outcome.rows.map((row) => element("li", {}, `${local(row.time)}: ${valuesOf(row.values)}`)))] : []),
    ...outcome.said.notes.map((note) => element("p", { class: "help", lang: languageOf(note) }, sentence(note))),
    ...(outcome.lines.length ? [
      element("p", { class: "notice late" }, t("admin.badLines", { bad: count(outcome.bad), left: count(outcome.leftOut) })),
      element("ul", { class: "losing" }, ...outcome.lines.map(({ line: number }, at) => lineOf(number, outcome.said.lines[at]))),
    ] : []),
  ];
}

/** @param {number} number @param {import("../ui/text.js").Said} reason */
function lineOf(number, reason) {
  return element("li", { lang: languageOf(reason) }, `${number}: ${sentence(reason)}`);
}

/** @param {Record<string, number>} values */
function valuesOf(values) {
  return Object.entries(values).map(([name, value]) => `${name} ${format.decimal(value, Number.isInteger(value) ? 0 : 2)}`).join(", ");
}

/** @param {import("./address.js").Place} at */
export async function forgetReadings(at) {
  waiting(t("admin.do.forget"), t("admin.loading"));
  try {
    forgetForm(await systemField());
  } catch (error) {
    failed(t("admin.do.forget"), error, () => forgetReadings(at));
  }
}

/** @param {{label: HTMLElement, select: HTMLSelectElement}} system */
function forgetForm(system) {
  const first = fieldOf("admin.firstDay", { type: "date", required: true });
  const last = fieldOf("admin.lastDay", { type: "date", required: true });
  const reason = fieldOf("admin.reason", { maxlength: 200, autocomplete: "off" });
  const kind = choiceOf("admin.what", ["forget", "exclude"].map((key) => [key, t(`admin.kindHelp.${key}`)]));
  const seen = element("p", { class: "notice late", role: "status", hidden: true });
  let looked = "";
  const { form, button } = formOf([system.label, first.label, last.label, kind.label, reason.label, seen], t("admin.countFirst"), "danger", async () => {
    const order = { from: first.input.value, to: last.input.value, kind: kind.select.value, reason: reason.input.value };
    const asked = JSON.stringify([system.select.value, order]);
    const dryRun = looked !== asked;
    const answer = await send(`/api/admin/systems/${system.select.value}/readings`, { ...order, dryRun }, "POST", PATIENCE_MS);
    if (!dryRun) {
      closeDialog();
      return done(t("admin.forgotten", { count: count(answer.done.setAside) }));
    }
    looked = asked;
    seen.hidden = false;
    seen.textContent = t("admin.wouldGo", { count: count(answer.done.readings) });
    button.textContent = t("admin.do.forget");
    return undefined;
  });
  form.addEventListener("change", () => {
    looked = "";
    seen.hidden = true;
    button.textContent = t("admin.countFirst");
  });
  openDialog(t("admin.do.forget"), element("p", { class: "help" }, t("admin.forgetHelp")), form);
}
