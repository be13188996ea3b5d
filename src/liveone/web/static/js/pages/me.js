// A person's own page: name, language, password, what they share, where they are signed in, API tokens.

import { attempt } from "../admin/dialog.js";
import { done } from "../admin/outcome.js";
import { secondStep } from "../admin/second_step.js";
import { linkBox, removing, shareDialog, small } from "../admin/sharing.js";
import { tableOf } from "../admin/table.js";
import { moment } from "../admin/words.js";
import { ask, send } from "../ui/api.js";
import { byId, element } from "../ui/dom.js";
import { frame, guarded, tell } from "../ui/frame.js";
import { snapshot, t } from "../ui/text.js";

const HIDDEN = { type: "password", required: true, maxlength: 1024 };

/** @type {Node | null} */
let made = null;

async function draw() {
  const me = await ask("/api/me");
  const box = element("section", { id: "part" });
  const trouble = element("p", { class: "notice", role: "alert", hidden: true });
  box.append(
    trouble,
    ...(made ? [made] : []),
    ...(me.account ? [profile(me, trouble), ...(me.hasPassword ? [...password(trouble), ...secondStep(me.secondStep, trouble, show)] : []), ...identities(me, trouble)] : [element("p", { class: "help lead" }, t("me.owner"))]),
    ...systems(me, trouble),
    ...(me.inDatabase ? [...sessions(me, trouble), ...tokens(me, trouble)] : [element("p", { class: "notice late" }, t("people.inFile"))]),
  );
  byId("part").replaceWith(box);
}

/** What is shown once, above everything. @param {Node} box */
function show(box) {
  made = box;
}

/** @param {any} me @param {HTMLElement} trouble */
function profile({ account, isAdmin }, trouble) {
  const name = /** @type {HTMLInputElement} */ (element("input", { value: account.name, maxlength: 100, autocomplete: "name" }));
  const names = new Intl.DisplayNames([document.documentElement.lang], { type: "language" });
  const language = /** @type {HTMLSelectElement} */ (element("select", {}, ...snapshot.languages.map((tag) => element("option", { value: tag, lang: tag, selected: tag === (account.language || document.documentElement.lang) }, names.of(tag) ?? tag))));
  const form = small(t(isAdmin ? "me.administrator" : "me.person", { email: account.email }), [element("label", {}, t("welcome.name"), name), element("label", {}, t("footer.language"), language)], t("admin.save"), trouble, async () => {
    await send("/api/me", { name: name.value, language: language.value }, "PATCH");
    if (language.value !== document.documentElement.lang) location.reload();
    else done(t("me.saved"));
  });
  return form;
}

/** @param {HTMLElement} trouble */
function password(trouble) {
  const current = /** @type {HTMLInputElement} */ (element("input", { ...HIDDEN, autocomplete: "current-password" }));
  const next = /** @type {HTMLInputElement} */ (element("input", { ...HIDDEN, autocomplete: "new-password", minlength: 8 }));
  return [element("h2", {}, t("login.password")), small(t("me.passwordHelp"), [element("label", {}, t("me.current"), current), element("label", {}, t("welcome.password"), next)], t("me.change"), trouble, async () => {
    await send("/api/me/password", { current: current.value, password: next.value });
    done(t("me.changed"));
  })];
}

/** @param {any} me @param {HTMLElement} trouble */
function identities({ identities: found, places }, trouble) {
  if (!found.length && !places.length) return [];
  const rows = found.map((/** @type {any} */ one) => [one.name, moment(one.since), removing(trouble, async () => {
    await send(`/api/me/identities/${one.id}`, {}, "DELETE");
    done(t("me.disconnected"));
  })]);
  const connect = places.map((/** @type {any} */ one) => {
    const button = element("button", { type: "button" }, t("me.connect", { title: one.title }));
    button.addEventListener("click", () => attempt(button, trouble, async () => {
      const { location: there } = await send("/api/me/identities", { place: one.name });
      location.assign(there);
    }));
    return button;
  });
  return [
    element("h2", {}, t("me.identities")), element("p", { class: "help" }, t("me.identitiesHelp")),
    tableOf(t("me.identities"), ["me.place", "me.since", "admin.actions"].map((key) => t(key)), rows, t("me.noIdentities")),
    element("div", { class: "actions" }, ...connect),
  ];
}

/** @param {any} me @param {HTMLElement} trouble */
function systems(me, trouble) {
  const rows = me.systems.map((/** @type {any} */ one) => {
    const share = element("button", { type: "button", "aria-label": `${t("share.share")}: ${one.displayName}` }, t("share.share"));
    share.addEventListener("click", () => attempt(share, trouble, () => shareDialog(one.id)));
    return [element("a", { href: `/dashboard/${one.id}` }, one.displayName), t(`role.${one.role}`), me.inDatabase && one.role !== "viewer" ? element("span", { class: "row-actions" }, share) : ""];
  });
  return [element("h2", {}, t("me.systems")), tableOf(t("me.systems"), ["admin.name", "share.role", "admin.actions"].map((key) => t(key)), rows, t("me.nothingShared"))];
}

/** @param {any} me @param {HTMLElement} trouble */
function sessions({ sessions: found }, trouble) {
  const rows = found.map((/** @type {any} */ one) => [
    one.isThis ? `${one.device} \u00b7 ${t("me.thisDevice")}` : one.device, moment(one.since), moment(one.seen),
    one.isThis ? "" : removing(trouble, async () => {
      await send(`/api/me/sessions/${one.id}`, {}, "DELETE");
      done(t("me.ended"));
    }),
  ]);
  const all = element("button", { type: "button" }, t("me.endOthers"));
  all.addEventListener("click", () => attempt(all, trouble, async () => {
    await send("/api/me/sessions/others", {}, "DELETE");
    done(t("me.ended"));
  }));
  return [
    element("h2", {}, t("me.sessions")), tableOf(t("me.sessions"), ["me.device", "me.since", "share.seen", "admin.actions"].map((key) => t(key)), rows, t("me.noSessions")),
    ...(found.length > 1 ? [element("div", { class: "actions" }, all)] : []),
  ];
}

/** @param {any} me @param {HTMLElement} trouble */
function tokens({ tokens: found, isAdmin }, trouble) {
  const rows = found.map((/** @type {any} */ one) => [
    one.name || one.id, t(`scope.${one.scope}`), one.until ? moment(one.until) : t("me.noEnd"), moment(one.seen),
    removing(trouble, async () => {
      await send(`/api/me/tokens/${one.id}`, {}, "DELETE");
      done(t("me.revoked"));
    }),
  ]);
  const name = /** @type {HTMLInputElement} */ (element("input", { maxlength: 100, placeholder: "grafana" }));
  const scope = /** @type {HTMLSelectElement} */ (element("select", {}, ...["read", "write", ...(isAdmin ? ["admin"] : [])].map((key) => element("option", { value: key }, t(`scope.${key}`)))));
  const days = /** @type {HTMLInputElement} */ (element("input", { type: "number", min: 1, max: 3660, value: 365 }));
  const fields = [element("label", {}, t("me.tokenName"), name), element("label", {}, t("me.scope"), scope), element("label", {}, t("me.days"), days)];
  return [
    element("h2", {}, t("me.tokens")),
    tableOf(t("me.tokens"), ["me.tokenName", "me.scope", "share.until", "share.seen", "admin.actions"].map((key) => t(key)), rows, t("me.noTokens")),
    small(t("me.tokensHelp"), fields, t("me.makeToken"), trouble, async () => {
      const { token } = await send("/api/me/tokens", { name: name.value, scope: scope.value, ...(days.value ? { days: days.valueAsNumber } : {}) });
      made = tokenBox(token);
      done(t("me.tokenMade"));
    }),
  ];
}

/** @param {string} token */
function tokenBox(token) {
  const box = linkBox("");
  const field = /** @type {HTMLInputElement} */ (box.querySelector("input"));
  field.value = token;
  field.setAttribute("aria-label", "token");
  return box;
}

frame("me");
addEventListener("popstate", () => guarded(draw));
guarded(draw).catch((error) => tell(byId("notice"), error));
