// A system shared: roles of people, invitations, links for those without an account. A link is shown once.

import { ask, send } from "../ui/api.js";
import { element, say } from "../ui/dom.js";
import { at } from "../ui/root.js";
import { t } from "../ui/text.js";
import { attempt, openDialog, waiting } from "./dialog.js";
import { tableOf } from "./table.js";
import { moment } from "./words.js";

/** @typedef {{id: string, kind: string, name: string, role: string, until: number, seen: number | null, hasPassword: boolean}} WaitingLink */

/** @param {string} path */
export function linkBox(path) {
  const field = /** @type {HTMLInputElement} */ (element("input", { readonly: true, value: location.origin + at(path), "aria-label": t("share.link"), autofocus: true }));
  const copy = element("button", { type: "button" }, t("share.copy"));
  field.addEventListener("focus", () => field.select());
  copy.addEventListener("click", async () => {
    field.select();
    await navigator.clipboard?.writeText(field.value).catch(() => undefined);
    say(copy, t("share.copied"));
  });
  return element("div", { class: "panel made-link" }, element("label", {}, t("share.once"), field), element("div", { class: "actions" }, copy));
}

/** @param {number} system */
export async function shareDialog(system) {
  waiting(t("share.title"), t("admin.loading"));
  await draw(system, null);
}

/** @param {number} system @param {Node | null} made a link that was just made */
async function draw(system, made) {
  const found = await ask(`/api/systems/${system}/sharing`);
  const owns = found.yours === "owner";
  const again = (/** @type {Node | null} */ link = null) => draw(system, link);
  const trouble = element("p", { class: "notice", role: "alert", hidden: true });
  openDialog(
    t("share.titleOf", { name: found.system.displayName }),
    ...(made ? [made] : []), trouble,
    element("h3", {}, t("share.people")),
    tableOf(t("share.people"), ["share.who", "share.role", "admin.actions"].map((key) => t(key)), found.people.map((/** @type {any} */ one) => person(system, one, owns, trouble, again)), t("share.nobody")),
    ...(owns ? [giveForm(system, trouble, again), inviteForm(system, trouble, again)] : []),
    element("h3", {}, t("share.links")),
    tableOf(t("share.links"), ["admin.name", "share.until", "share.seen", "admin.actions"].map((key) => t(key)), [...found.shares, ...found.invitations].map((/** @type {WaitingLink} */ one) => link(system, one, trouble, again)), t("share.noLinks")),
    shareForm(system, trouble, again),
  );
}

/** @param {number} system @param {any} one @param {boolean} owns @param {HTMLElement} trouble @param {() => Promise<void>} again */
function person(system, one, owns, trouble, again) {
  const path = `/api/systems/${system}/people/${encodeURIComponent(one.id)}`;
  const name = element("span", {}, one.name || one.email || one.id, ...(one.name && one.email ? [element("span", { class: "help" }, one.email)] : []));
  if (!owns || one.role === "owner") return [name, t(`role.${one.role}`), ""];
  const role = /** @type {HTMLSelectElement} */ (element("select", { "aria-label": t("share.role") }, ...["viewer", "admin", "owner"].map((key) => element("option", { value: key, selected: key === one.role }, t(`role.${key}`)))));
  role.addEventListener("change", () => attempt(role, trouble, async () => {
    await send(path, { role: role.value }, "PUT");
    await again();
  }));
  return [name, role, removing(trouble, async () => {
    await send(path, {}, "DELETE");
    await again();
  })];
}

/** @param {number} system @param {WaitingLink} one @param {HTMLElement} trouble @param {() => Promise<void>} again */
function link(system, one, trouble, again) {
  const title = one.kind === "invite" ? t("share.invitation", { role: t(`role.${one.role}`) }) : one.name || t("share.link");
  return [
    one.hasPassword ? `${title} \u00b7 ${t("share.withPassword")}` : title, moment(one.until), moment(one.seen),
    removing(trouble, async () => {
      await send(`/api/systems/${system}/links/${one.id}`, {}, "DELETE");
      await again();
    }),
  ];
}

/** @param {HTMLElement} trouble @param {() => Promise<unknown>} work */
export function removing(trouble, work) {
  const button = element("button", { type: "button", class: "danger" }, t("share.revoke"));
  button.addEventListener("click", () => attempt(button, trouble, work));
  return element("span", { class: "row-actions" }, button);
}

function newRole() {
  return /** @type {HTMLSelectElement} */ (element("select", {}, ...["viewer", "admin"].map((key) => element("option", { value: key }, t(`role.${key}`)))));
}

/** For those who have an account already. @param {number} system @param {HTMLElement} trouble @param {() => Promise<void>} again */
function giveForm(system, trouble, again) {
  const email = /** @type {HTMLInputElement} */ (element("input", { type: "email", required: true, maxlength: 320, autocomplete: "off" })), role = newRole();
  return small(t("share.giveHelp"), [element("label", {}, t("login.email"), email), element("label", {}, t("share.role"), role)], t("share.give"), trouble, async () => {
    await send(`/api/systems/${system}/people/${encodeURIComponent(email.value.trim())}`, { role: role.value }, "PUT");
    await again();
  });
}

/** @param {number} system @param {HTMLElement} trouble @param {(made: Node) => Promise<void>} again */
function inviteForm(system, trouble, again) {
  const role = newRole();
  return small(t("share.inviteHelp"), [element("label", {}, t("share.role"), role)], t("share.invite"), trouble, async () => {
    const { path } = await send(`/api/systems/${system}/invitations`, { role: role.value });
    await again(linkBox(path));
  });
}

/** @param {number} system @param {HTMLElement} trouble @param {(made: Node) => Promise<void>} again */
function shareForm(system, trouble, again) {
  const name = /** @type {HTMLInputElement} */ (element("input", { maxlength: 100 }));
  const days = /** @type {HTMLInputElement} */ (element("input", { type: "number", min: 1, max: 366, value: 7, required: true }));
  const password = /** @type {HTMLInputElement} */ (element("input", { maxlength: 200, autocomplete: "off" }));
  const fields = [element("label", {}, t("share.name"), name), element("label", {}, t("share.days"), days), element("label", {}, t("share.password"), password)];
  return small(t("share.linkHelp"), fields, t("share.make"), trouble, async () => {
    const { path } = await send(`/api/systems/${system}/shares`, { name: name.value, days: days.valueAsNumber, password: password.value });
    await again(linkBox(path));
  });
}

/** A form of a few fields in a row. @param {string} help @param {Node[]} fields @param {string} action @param {HTMLElement} trouble @param {() => Promise<unknown>} work */
export function small(help, fields, action, trouble, work) {
  const button = element("button", { type: "submit", class: "main" }, action);
  const form = element("form", { class: "fields" }, element("p", { class: "help" }, help), ...fields, button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(button, trouble, work);
  });
  return form;
}
