// The second step of one's own sign-in: an app for codes, passkeys, recovery codes. Each change asks for the password.

import { send } from "../ui/api.js";
import { element, svg } from "../ui/dom.js";
import { canPasskeys, makePasskey } from "../ui/passkeys.js";
import { t } from "../ui/text.js";
import { attempt, closeDialog, formOf, openDialog } from "./dialog.js";
import { done } from "./outcome.js";
import { tableOf } from "./table.js";
import { moment } from "./words.js";

/** The section of the page; `show` keeps a box above it that is shown once. @param {any} step @param {HTMLElement} trouble @param {(made: Node) => void} show */
export function secondStep({ kept, app, passkeys, recoveryCodes }, trouble, show) {
  const heading = element("h2", {}, t("step.title"));
  if (!kept) return [heading, element("p", { class: "help" }, t("step.upgrade"))];
  const rows = [
    ...(app ? [row(t("step.app"), app, "/api/me/app")] : []),
    ...passkeys.map((/** @type {any} */ one) => row(`${t("step.passkey")}: ${one.name}`, one, `/api/me/passkeys/${one.id}`)),
  ];
  const actions = [
    doing(t(app ? "step.otherApp" : "step.setApp"), trouble, () => ask(t("step.setApp"), t("step.appFirst"), (password) => showApp(password, show))),
    ...(canPasskeys() ? [doing(t("step.addPasskey"), trouble, () => ask(t("step.addPasskey"), t("step.passkeyFirst"), (password) => addPasskey(password, show)))] : []),
    ...(rows.length ? [doing(t("step.newCodes"), trouble, () => ask(t("step.newCodes"), t("step.newCodesFirst"), (password) => newCodes(password, show)))] : []),
  ];
  return [
    heading, element("p", { class: "help" }, t("step.help")),
    tableOf(t("step.title"), ["step.what", "me.since", "share.seen", "admin.actions"].map((key) => t(key)), rows, t("step.none")),
    ...(rows.length ? [element("p", { class: recoveryCodes > 2 ? "help" : "notice late" }, t("step.codesLeft", { count: recoveryCodes }))] : []),
    element("div", { class: "actions" }, ...actions),
    ...(canPasskeys() ? [] : [element("p", { class: "help" }, t("step.noPasskeys"))]),
  ];
}

/** @param {string} title @param {any} one @param {string} path */
function row(title, one, path) {
  const button = element("button", { type: "button", class: "danger", "aria-label": `${t("admin.do.remove")}: ${title}` }, t("admin.do.remove"));
  button.addEventListener("click", () => ask(`${t("admin.do.remove")}: ${title}`, t("step.removeFirst"), async (password) => {
    await send(path, { password }, "DELETE");
    closeDialog();
    done(t("step.removed"));
  }, "danger"));
  return [title, moment(one.since), moment(one.seen), element("span", { class: "row-actions" }, button)];
}

/** @param {string} title @param {HTMLElement} trouble @param {() => void} work */
function doing(title, trouble, work) {
  const button = element("button", { type: "button" }, title);
  button.addEventListener("click", () => attempt(button, trouble, async () => work()));
  return button;
}

/** A dialog that asks for the password. @param {string} title @param {string} why @param {(password: string) => Promise<unknown>} work @param {string} kind */
function ask(title, why, work, kind = "main") {
  const password = /** @type {HTMLInputElement} */ (element("input", { type: "password", required: true, maxlength: 1024, autocomplete: "current-password", autofocus: true }));
  const { form } = formOf([element("label", {}, t("step.password"), password)], t(kind === "danger" ? "admin.do.remove" : "step.goOn"), kind, () => work(password.value));
  openDialog(title, element("p", {}, why), form);
}

/** @param {string} password @param {(made: Node) => void} show */
async function showApp(password, show) {
  const { secret, address, picture } = await send("/api/me/app", { password });
  const code = /** @type {HTMLInputElement} */ (element("input", { required: true, maxlength: 10, inputmode: "numeric", autocomplete: "one-time-code", autofocus: true }));
  const { form } = formOf([element("label", {}, t("step.code"), code)], t("step.turnOn"), "main", async () => {
    const { recoveryCodes } = await send("/api/me/app", { password, secret, code: code.value }, "PUT");
    closeDialog();
    finish(t("step.appOn"), recoveryCodes, show);
  });
  openDialog(
    t("step.setApp"), element("p", {}, t("step.scan")), drawing(picture),
    element("p", {}, element("a", { href: address }, t("step.openApp"))),
    element("p", { class: "help" }, t("step.typed"), " ", element("code", {}, secret.match(/.{4}/g).join(" "))), form,
  );
}

/** @param {string} password @param {(made: Node) => void} show */
async function addPasskey(password, show) {
  const { options } = await send("/api/me/passkeys/ask", { password });
  const { recoveryCodes } = await send("/api/me/passkeys", { credential: await makePasskey(options) });
  closeDialog();
  finish(t("step.passkeyOn"), recoveryCodes, show);
}

/** @param {string} password @param {(made: Node) => void} show */
async function newCodes(password, show) {
  const { recoveryCodes } = await send("/api/me/recovery-codes", { password });
  closeDialog();
  finish(t("step.codesMade"), recoveryCodes, show);
}

/** @param {string} said @param {string[] | null} codes @param {(made: Node) => void} show */
function finish(said, codes, show) {
  if (codes) show(element("section", { class: "panel made-link codes", "aria-label": t("step.codes") }, element("h2", {}, t("step.codes")), element("p", {}, t("step.keepCodes")), element("pre", { tabindex: 0 }, codes.join("\n"))));
  done(said);
}

/** A QR code, dark on light in either scheme. @param {string[]} rows */
function drawing(rows) {
  const dark = rows.flatMap((row, y) => [...row].map((sign, x) => (sign === "1" ? `M${x} ${y}h1v1h-1z` : ""))).join("");
  return svg("svg", { viewBox: `0 0 ${rows.length} ${rows.length}`, class: "qr", role: "img", "aria-label": t("step.picture") }, svg("path", { d: dark }));
}
