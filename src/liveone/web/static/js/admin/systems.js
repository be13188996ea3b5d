// Systems: how each is doing; add, edit, pause, remove.

import { NOTHING } from "../core/format.js";
import { offsetText } from "../core/zone.js";
import { ask, send } from "../ui/api.js";
import { element } from "../ui/dom.js";
import { format, t } from "../ui/text.js";
import { startAdding } from "./add.js";
import { closeDialog, confirmed, doing, openDialog, tableOf } from "./dialog.js";
import { offsetChoice } from "./offsets.js";

/** @param {HTMLElement} box @param {() => void} again */
export async function showSystems(box, again) {
  const { systems } = await ask("/api/admin/systems");
  const add = element("button", { type: "button", class: "main" }, t("admin.add"));
  add.addEventListener("click", () => startAdding(again));
  const rows = systems.map((/** @type {any} */ system) => [
    element("a", { href: `/dashboard/${system.id}` }, system.displayName),
    `${system.vendorType} \u00b7 ${system.vendorSiteId}`,
    offsetText(system.timeZone.offsetMin),
    element("span", { class: `state ${system.polling.isActive ? system.freshness : "paused"}` }, t(`admin.state.${system.polling.isActive ? system.freshness : "paused"}`)),
    system.lastReadingTime ? system.lastReadingTime.slice(0, 16).replace("T", " ") : NOTHING,
    actions(system, again),
  ]);
  box.replaceChildren(
    element("div", { class: "row" }, element("h2", {}, t("admin.systems")), add),
    tableOf(["admin.name", "admin.site", "system.zone", "admin.state", "admin.lastReading", "admin.actions"].map((key) => t(key)), rows, t("overview.none")),
  );
}

/** @param {any} system @param {() => void} again */
function actions(system, again) {
  const button = (/** @type {string} */ key, /** @type {() => void} */ work, kind = "") => {
    const made = element("button", { type: "button", class: kind, "aria-label": `${t(key)}: ${system.displayName}` }, t(key));
    made.addEventListener("click", work);
    return made;
  };
  const pause = doing(t(system.polling.isActive ? "admin.pause" : "admin.resume"), "", async () => {
    await send(`/api/admin/systems/${system.id}`, { isActive: !system.polling.isActive }, "PATCH");
    again();
  });
  pause.button.setAttribute("aria-label", `${pause.button.textContent}: ${system.displayName}`);
  return element("span", { class: "row-actions" }, button("admin.edit", () => edit(system, again)), pause.button, button("admin.remove", () => remove(system, again), "danger"), pause.trouble);
}

/** @param {any} system @param {() => void} again */
function edit(system, again) {
  const name = /** @type {HTMLInputElement} */ (element("input", { value: system.displayName, maxlength: 100, required: true }));
  const offset = offsetChoice(system.timeZone.offsetMin);
  const { button, trouble } = doing(t("admin.save"), "main", async () => {
    await send(`/api/admin/systems/${system.id}`, { displayName: name.value.trim(), offsetMin: Number(offset.value) }, "PATCH", 600000);
    closeDialog();
    again();
  });
  openDialog(
    t("admin.editTitle", { name: system.displayName }),
    element("form", {}, element("label", {}, t("admin.name"), name), element("label", {}, t("system.zone"), offset), element("p", { class: "help" }, t("admin.zoneHelp"))),
    trouble, element("div", { class: "actions" }, button),
  );
}

/** @param {any} system @param {() => void} again */
async function remove(system, again) {
  const { rows } = await ask(`/api/admin/systems/${system.id}/rows`);
  const count = format.decimal(rows.readings, 0);
  confirmed(
    t("admin.removeTitle", { name: system.displayName }), [element("p", {}, t("admin.removeText", { count }))], system.displayName, t("admin.remove"),
    async (typed) => {
      await send(`/api/admin/systems/${system.id}`, { confirm: typed }, "DELETE", 600000);
      again();
    },
  );
}
