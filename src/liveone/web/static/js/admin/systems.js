// Systems: how each is doing; edit, pause, remove.

import { IMPORT_ONLY } from "../core/freshness.js";
import { offsetText } from "../core/zone.js";
import { ask, send } from "../ui/api.js";
import { element } from "../ui/dom.js";
import { t } from "../ui/text.js";
import { visit } from "./address.js";
import { attempt, closeDialog, confirmed, formOf, openDialog, waiting } from "./dialog.js";
import { done } from "./outcome.js";
import { tableOf } from "./table.js";
import { count, local } from "./words.js";
import { zoneField } from "./zones.js";

const PATIENCE_MS = 600000;
const HEADS = ["admin.name", "admin.site", "system.zone", "admin.state", "admin.lastReading", "admin.actions"];

/** @param {HTMLElement} box */
export async function showSystems(box) {
  const { systems } = await ask("/api/admin/systems");
  const add = element("button", { type: "button", class: "main", "data-key": "add" }, t("admin.add"));
  add.addEventListener("click", () => visit({ ask: "add" }));
  const rows = systems.map((/** @type {any} */ system) => [
    element("a", { href: `/dashboard/${system.id}` }, system.displayName),
    `${system.vendorType} \u00b7 ${system.vendorSiteId}`,
    system.timeZone.name ?? offsetText(system.timeZone.offsetMin),
    stateOf(system),
    local(system.lastReadingTime),
    actions(system),
  ]);
  box.append(
    element("div", { class: "row" }, element("h2", { tabindex: -1 }, t("admin.part.systems")), add),
    tableOf(t("admin.part.systems"), HEADS.map((key) => t(key)), rows, t("admin.noSystems")),
  );
}

/** @param {any} system */
export function stateOf({ polling, freshness, vendorType }) {
  if (vendorType === IMPORT_ONLY) return element("span", { class: "state paused" }, t("admin.state.imported"));
  const state = polling.isActive ? freshness : "paused";
  return element("span", { class: `state ${state}` }, t(`admin.state.${state}`));
}

/** @param {any} system */
function actions(system) {
  const made = (/** @type {string} */ what, /** @type {string} */ kind = "") => {
    const title = t(`admin.do.${what}`);
    return element("button", { type: "button", class: kind, "data-key": `${what} ${system.id}`, "aria-label": `${title}: ${system.displayName}` }, title);
  };
  const asking = (/** @type {string} */ what, kind = "") => {
    const button = made(what, kind);
    button.addEventListener("click", () => visit({ ask: what, system: String(system.id) }));
    return button;
  };
  const trouble = element("p", { class: "notice", role: "alert", hidden: true });
  if (system.vendorType === IMPORT_ONLY) return element("span", { class: "row-actions" }, asking("edit"), asking("sources"), asking("remove", "danger"));
  const turn = made(system.polling.isActive ? "pause" : "resume");
  turn.dataset.key = `turn ${system.id}`;
  turn.addEventListener("click", () => attempt(turn, trouble, () => turned(system)));
  return element("span", { class: "row-actions" }, asking("edit"), asking("sources"), turn, asking("remove", "danger"), trouble);
}

/** @param {any} system */
async function turned(system) {
  const isActive = !system.polling.isActive;
  await send(`/api/admin/systems/${system.id}`, { isActive }, "PATCH");
  done(t(isActive ? "admin.resumed" : "admin.paused", { name: system.displayName }));
}

/** @param {string} id */
async function named(id) {
  const { systems } = await ask("/api/admin/systems");
  return systems.find((/** @type {any} */ one) => String(one.id) === id);
}

/** @param {import("./address.js").Place} at */
export async function edit({ system: id }) {
  const system = await named(id);
  if (!system) return gone(id);
  const name = /** @type {HTMLInputElement} */ (element("input", { value: system.displayName, maxlength: 100, required: true, autofocus: true }));
  const zone = await zoneField(system.timeZone);
  const { form } = formOf(
    [element("label", {}, t("admin.name"), name), ...zone.parts, element("p", { class: "help" }, t("admin.zoneHelp"))],
    t("admin.save"), "main",
    async () => {
      await send(`/api/admin/systems/${id}`, { displayName: name.value.trim(), ...zone.value() }, "PATCH", PATIENCE_MS);
      closeDialog();
      done(t("admin.saved", { name: name.value.trim() }));
    },
  );
  return openDialog(t("admin.editTitle", { name: system.displayName }), form);
}

/** @param {import("./address.js").Place} at */
export async function remove({ system: id }) {
  waiting(t("admin.do.remove"), t("admin.counting"));
  const [system, lost] = [await named(id), await ask(`/api/admin/systems/${id}/rows`).catch(() => null)];
  if (!system || !lost) return gone(id);
  return confirmed(t("admin.removeTitle", { name: system.displayName }), whatIsLost(lost), system.displayName, t("admin.do.remove"), async (typed) => {
    await send(`/api/admin/systems/${id}`, { confirm: typed }, "DELETE", PATIENCE_MS);
    closeDialog();
    done(t("admin.removed", { name: system.displayName }));
  });
}

/** @param {{rows: Record<string, number>, first: string | null, last: string | null}} lost */
function whatIsLost({ rows, first, last }) {
  const lines = [
    rows.readings ? t("admin.lost.readings", { count: count(rows.readings), first: local(first), last: local(last) }) : t("admin.lost.none"),
    t("admin.lost.intervals", { count: count(rows.readings_agg_5m) }),
    t("admin.lost.days", { count: count(rows.readings_agg_1d) }),
    ...(rows.user_systems ? [t("admin.lost.people", { count: count(rows.user_systems) })] : []),
  ];
  const backup = element("a", { href: "/admin?part=backups" }, t("admin.backupFirst"));
  return [
    element("p", {}, t("admin.removeText")),
    element("ul", { class: "losing" }, ...lines.map((line) => element("li", {}, line))),
    element("p", {}, t("admin.removeForEver"), " ", backup),
  ];
}

/** @param {string} id */
function gone(id) {
  return openDialog(t("admin.part.systems"), element("p", { class: "notice", role: "alert" }, t("admin.noSystem", { id })));
}
