// One dialog for all questions of the administrator's page; what fails in it is said in it.
// The browser keeps the focus inside while it is open; whoever closes it says in the address that it is closed.

import { byId, element, show } from "../ui/dom.js";
import { tell } from "../ui/frame.js";
import { t } from "../ui/text.js";
import { NOWHERE, place, visit } from "./address.js";

const box = /** @type {HTMLDialogElement} */ (byId("dialog"));

/** @param {string} title @param {(Node | string)[]} parts */
export function openDialog(title, ...parts) {
  const close = element("button", { type: "button", class: "quiet close", "aria-label": t("explain.close") }, "\u00d7");
  close.addEventListener("click", closeDialog);
  const heading = element("h2", { id: "dialog-title", tabindex: -1 }, title);
  box.replaceChildren(element("div", { class: "head" }, heading, close), ...parts);
  if (!box.open) box.showModal();
  const first = /** @type {HTMLElement | null} */ (box.querySelector("[autofocus]"));
  (first ?? heading).focus();
}

export function closeDialog() {
  box.close();
}

box.addEventListener("close", () => {
  if (place().ask) visit(NOWHERE);
});

/** While something is asked of the server. @param {string} title @param {string} text */
export function waiting(title, text) {
  openDialog(title, element("p", { role: "status", class: "busy" }, text));
}

/** @param {string} title @param {unknown} error @param {() => void} again */
export function failed(title, error, again) {
  const trouble = element("p", { class: "notice", role: "alert" });
  const retry = element("button", { type: "button", autofocus: true }, t("admin.again"));
  retry.addEventListener("click", again);
  tell(trouble, error);
  openDialog(title, trouble, element("div", { class: "actions" }, retry));
}

/** Work that may fail: the button waits meanwhile, `trouble` says why not. @param {HTMLElement} button @param {HTMLElement} trouble @param {() => Promise<unknown>} work */
export async function attempt(button, trouble, work) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  show(trouble, "");
  try {
    await work();
  } catch (error) {
    tell(trouble, error);
  } finally {
    button.removeAttribute("aria-busy");
  }
}

/**
 * A form: Enter or its button does the work, then the dialog closes.
 * @param {(Node | string)[]} parts @param {string} action @param {string} kind @param {() => Promise<unknown>} work
 */
export function formOf(parts, action, kind, work) {
  const button = /** @type {HTMLButtonElement} */ (element("button", { type: "submit", class: kind }, action));
  const trouble = element("p", { class: "notice", role: "alert", hidden: true });
  const cancel = element("button", { type: "button" }, t("admin.cancel"));
  cancel.addEventListener("click", closeDialog);
  const form = element("form", {}, ...parts, trouble, element("div", { class: "actions" }, button, cancel));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!button.disabled) attempt(button, trouble, work);
  });
  return { form, button };
}

/** Ask for a name to be typed before something is gone. @param {string} title @param {(Node | string)[]} why @param {string} name @param {string} action @param {(typed: string) => Promise<unknown>} work */
export function confirmed(title, why, name, action, work) {
  const input = /** @type {HTMLInputElement} */ (element("input", { autocomplete: "off", autocapitalize: "off", spellcheck: "false", autofocus: true }));
  const { form, button } = formOf([element("label", {}, t("admin.typeToConfirm", { name }), input)], action, "danger", () => work(input.value));
  button.disabled = true;
  input.addEventListener("input", () => {
    button.disabled = input.value.trim() !== name;
  });
  openDialog(title, ...why, form);
}
