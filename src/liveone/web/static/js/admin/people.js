// People: who may come in and to what; invited, disabled, removed, given a link for a new password.

import { ask, send } from "../ui/api.js";
import { element } from "../ui/dom.js";
import { t } from "../ui/text.js";
import { visit } from "./address.js";
import { attempt, closeDialog, confirmed, failed, openDialog, waiting } from "./dialog.js";
import { done } from "./outcome.js";
import { linkBox, shareDialog } from "./sharing.js";
import { tableOf } from "./table.js";

const HEADS = ["people.person", "people.state", "people.systems", "people.signedIn", "admin.actions"];

/** @param {HTMLElement} box */
export async function showPeople(box) {
  const [{ users, singleOwner, inDatabase }, { systems }] = [await ask("/api/admin/users"), await ask("/api/admin/systems")];
  const add = element("button", { type: "button", class: "main", "data-key": "invite" }, t("people.invite"));
  add.addEventListener("click", () => visit({ ask: "invite" }));
  box.append(
    element("div", { class: "row" }, element("h2", { tabindex: -1 }, t("admin.part.people")), ...(inDatabase ? [add] : [])),
    ...(inDatabase ? [] : [element("p", { class: "notice late" }, t("people.inFile"))]),
    ...(singleOwner ? [element("p", { class: "help lead" }, t("people.singleOwner"))] : []),
    tableOf(t("admin.part.people"), HEADS.map((key) => t(key)), users.map((/** @type {any} */ one) => row(one, inDatabase)), t("people.none")),
    ...(inDatabase && systems.length ? [
      element("h3", {}, t("people.sharing")), element("p", { class: "help lead" }, t("people.sharingHelp")),
      tableOf(t("people.sharing"), ["admin.name", "people.owner", "admin.actions"].map((key) => t(key)), systems.map(shared), ""),
    ] : []),
  );
}

/** @param {any} user @param {boolean} inDatabase */
function row(user, inDatabase) {
  const state = user.isDisabled ? "disabled" : user.isAdmin ? "admin" : "active";
  return [
    element("span", {}, user.name || user.email, ...(user.name ? [element("span", { class: "help" }, user.email)] : [])),
    element("span", { class: `state ${user.isDisabled ? "paused" : "fresh"}` }, t(`people.is.${state}`)),
    user.isAdmin ? t("people.all") : user.systems.map((/** @type {any} */ one) => `${one.displayName} (${t(`role.${one.role}`)})`).join(", ") || t("people.nothing"),
    t("people.counts", { sessions: user.sessions, tokens: user.tokens }),
    inDatabase ? actions(user) : "",
  ];
}

/** @param {any} user */
function actions(user) {
  const trouble = element("p", { class: "notice", role: "alert", hidden: true });
  const change = (/** @type {string} */ title, /** @type {object} */ what) => {
    const button = element("button", { type: "button", "data-key": `${title} ${user.id}`, "aria-label": `${title}: ${user.email}` }, title);
    button.addEventListener("click", () => attempt(button, trouble, async () => {
      await send(`/api/admin/users/${encodeURIComponent(user.id)}`, what, "PATCH");
      done(t("people.changed", { name: user.name || user.email }));
    }));
    return button;
  };
  const asking = (/** @type {string} */ ask, /** @type {string} */ title, kind = "") => {
    const button = element("button", { type: "button", class: kind, "data-key": `${ask} ${user.id}`, "aria-label": `${title}: ${user.email}` }, title);
    button.addEventListener("click", () => visit({ ask, name: user.id }));
    return button;
  };
  return element(
    "span", { class: "row-actions" },
    asking("reset", t("people.reset")),
    change(t(user.isAdmin ? "people.noAdmin" : "people.makeAdmin"), { isAdmin: !user.isAdmin }),
    change(t(user.isDisabled ? "people.enable" : "people.disable"), { isDisabled: !user.isDisabled }),
    asking("removePerson", t("admin.do.remove"), "danger"), trouble,
  );
}

/** @param {any} system */
function shared(system) {
  const button = element("button", { type: "button", "data-key": `share ${system.id}`, "aria-label": `${t("share.share")}: ${system.displayName}` }, t("share.share"));
  button.addEventListener("click", () => visit({ ask: "share", system: String(system.id) }));
  return [system.displayName, system.owner.email || system.owner.clerkId || t("people.noOwner"), element("span", { class: "row-actions" }, button)];
}

/** @param {import("./address.js").Place} at */
export async function share(at) {
  try {
    await shareDialog(Number(at.system));
  } catch (error) {
    failed(t("share.title"), error, () => share(at));
  }
}

export function invite() {
  const button = element("button", { type: "button", class: "main", autofocus: true }, t("people.makeLink"));
  const trouble = element("p", { class: "notice", role: "alert", hidden: true });
  button.addEventListener("click", () => attempt(button, trouble, async () => {
    const { path } = await send("/api/admin/users/invite", {});
    openDialog(t("people.invite"), linkBox(path));
  }));
  openDialog(t("people.invite"), element("p", {}, t("people.inviteText")), trouble, element("div", { class: "actions" }, button));
}

/** @param {import("./address.js").Place} at */
export async function resetLink({ name }) {
  const user = await known(name);
  if (!user) return;
  const button = element("button", { type: "button", class: "main", autofocus: true }, t("people.makeLink"));
  const trouble = element("p", { class: "notice", role: "alert", hidden: true });
  button.addEventListener("click", () => attempt(button, trouble, async () => {
    const { path } = await send(`/api/admin/users/${encodeURIComponent(name)}/reset`, {});
    openDialog(t("people.reset"), linkBox(path));
  }));
  openDialog(t("people.reset"), element("p", {}, t("people.resetText", { email: user.email })), trouble, element("div", { class: "actions" }, button));
}

/** @param {import("./address.js").Place} at */
export async function removePerson({ name }) {
  const user = await known(name);
  if (!user) return;
  confirmed(t("people.removeTitle", { name: user.name || user.email }), [element("p", {}, t("people.removeText"))], user.email, t("admin.do.remove"), async (typed) => {
    await send(`/api/admin/users/${encodeURIComponent(name)}`, { confirm: typed }, "DELETE");
    closeDialog();
    done(t("people.removed", { name: user.email }));
  });
}

/** @param {string} id */
async function known(id) {
  waiting(t("admin.part.people"), t("admin.loading"));
  const { users } = await ask("/api/admin/users");
  const user = users.find((/** @type {any} */ one) => one.id === id);
  if (!user) openDialog(t("admin.part.people"), element("p", { class: "notice", role: "alert" }, t("people.gone")));
  return user;
}
