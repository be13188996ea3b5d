// One dialog for all questions of the administrator's page; what fails in it is said in it.

import { byId, element, show } from "../ui/dom.js";
import { said } from "../ui/frame.js";
import { t } from "../ui/text.js";

/** @param {string} title @param {(Node | string)[]} parts */
export function openDialog(title, ...parts) {
  const box = /** @type {HTMLDialogElement} */ (byId("dialog"));
  const close = element("button", { type: "button", class: "quiet", "aria-label": t("explain.close") }, "\u00d7");
  close.addEventListener("click", () => box.close());
  box.replaceChildren(element("div", { class: "row" }, element("h2", { id: "dialog-title" }, title), close), ...parts);
  if (!box.open) box.showModal();
  return box;
}

export function closeDialog() {
  /** @type {HTMLDialogElement} */ (byId("dialog")).close();
}

/** A button that does something slow: it waits, and says below what failed. @param {string} title @param {string} kind @param {() => Promise<unknown>} work */
export function doing(title, kind, work) {
  const button = /** @type {HTMLButtonElement} */ (element("button", { type: "button", class: kind }, title));
  const trouble = element("p", { class: "notice", role: "alert", hidden: true });
  button.addEventListener("click", async () => {
    button.disabled = true;
    button.setAttribute("aria-busy", "true");
    show(trouble, "");
    try {
      await work();
    } catch (error) {
      show(trouble, error instanceof Error ? said(error) : String(error));
    }
    button.disabled = false;
    button.removeAttribute("aria-busy");
  });
  return { button, trouble };
}

/** Ask for a name to be typed before something is gone. @param {string} title @param {(Node | string)[]} why @param {string} name @param {string} action @param {(typed: string) => Promise<unknown>} work */
export function confirmed(title, why, name, action, work) {
  const input = /** @type {HTMLInputElement} */ (element("input", { autocomplete: "off", spellcheck: "false" }));
  const { button, trouble } = doing(action, "danger", async () => {
    await work(input.value);
    closeDialog();
  });
  button.disabled = true;
  input.addEventListener("input", () => {
    button.disabled = input.value.trim() !== name;
  });
  openDialog(
    title, ...why, element("form", {}, element("label", {}, t("admin.typeToConfirm", { name }), input)), trouble,
    element("div", { class: "actions" }, button),
  );
  input.form?.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!button.disabled) button.click();
  });
}

/** @param {string[]} heads @param {(Node | string)[][]} rows @param {string} empty */
export function tableOf(heads, rows, empty) {
  if (!rows.length) return element("p", { class: "help" }, empty);
  return element("div", { class: "panel scroll", tabindex: 0, role: "region", "aria-label": heads.join(", ") }, element(
    "table", { class: "wide" },
    element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head)))),
    element("tbody", {}, ...rows.map(([first, ...rest]) => element(
      "tr", {}, element("th", { scope: "row" }, first), ...rest.map((cell) => element("td", {}, cell)),
    ))),
  ));
}
