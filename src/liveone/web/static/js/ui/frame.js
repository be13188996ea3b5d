// What every page has around its content: navigation, language, release; and one way to say what went wrong.

import { Refused, send } from "./api.js";
import { byId, element, show } from "./dom.js";
import { installable } from "./install.js";
import { at, here, ROOT } from "./root.js";
import { languageOf, snapshot, t } from "./text.js";
import { heardByKeys } from "./voice.js";

const YEAR_S = 31536000;
const LANGUAGES = new Intl.DisplayNames([document.documentElement.lang], { type: "language" });

/** @param {string} page its name in the navigation */
export function frame(page) {
  document.querySelector(`[data-page="${page}"]`)?.setAttribute("aria-current", "page");
  byId("to-admin").hidden = !snapshot.isAdmin;
  byId("to-me").hidden = !snapshot.signedIn;
  byId("sign-out").hidden = !snapshot.signedIn;
  for (const link of document.querySelectorAll('[data-page="overview"]')) /** @type {HTMLElement} */ (link).hidden = snapshot.isShared;
  byId("sign-out").addEventListener("click", () => guarded(signOut));
  show(byId("release"), `LiveOne ${snapshot.release}`);
  chooseLanguage();
  installable();
  heardByKeys();
}

/** Do it; what fails is said at the top of the page, and a session that ended leads to signing in. @param {() => unknown} work */
export async function guarded(work) {
  try {
    await work();
    return true;
  } catch (error) {
    leaveIfSignedOut(error);
    tell(byId("notice"), error);
    return false;
  }
}

/** To the sign-in page and back here when that is what failed. @param {unknown} error */
export function leaveIfSignedOut(error) {
  const out = error instanceof Refused && error.status === 401;
  if (out) location.assign(at(`/login?next=${encodeURIComponent(here())}`));
  return out;
}

/** @param {Error} error */
export function said(error) {
  return error.message;
}

/** Show what went wrong. The server's own sentences are English, and marked so for a screen reader. @param {HTMLElement} node @param {unknown} error */
export function tell(node, error) {
  const lang = error instanceof Refused && error.body.error ? languageOf(error.body.said?.error) : undefined;
  if (lang) node.lang = lang;
  else node.removeAttribute("lang");
  show(node, error instanceof Error ? said(error) : String(error));
}

/** The reader's language, kept in a cookie: the server writes the page in it. */
export function chooseLanguage() {
  const box = /** @type {HTMLSelectElement} */ (byId("language"));
  box.replaceChildren(...snapshot.languages.map((tag) => element("option", { value: tag, lang: tag }, LANGUAGES.of(tag) ?? tag)));
  box.value = document.documentElement.lang;
  box.addEventListener("change", () => {
    document.cookie = `lang=${box.value}; path=${ROOT || "/"}; max-age=${YEAR_S}; samesite=lax`;
    location.reload();
  });
}

async function signOut() {
  await send("/api/auth/logout", {});
  location.assign(at("/login"));
}
