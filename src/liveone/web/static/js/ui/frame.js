// What every page has around its content: navigation, language, release; and one way to say what went wrong.

import { Refused, ask, send } from "./api.js";
import { byId, element, show } from "./dom.js";
import { snapshot, t } from "./text.js";

const YEAR_S = 31536000;
const LANGUAGES = new Intl.DisplayNames([document.documentElement.lang], { type: "language" });

/** @param {string} page its name in the navigation */
export function frame(page) {
  document.querySelector(`[data-page="${page}"]`)?.setAttribute("aria-current", "page");
  byId("to-admin").hidden = !snapshot.isAdmin;
  byId("sign-out").hidden = !snapshot.signedIn;
  byId("sign-out").addEventListener("click", () => guarded(signOut));
  show(byId("release"), `LiveOne ${snapshot.release}`);
  chooseLanguage(/** @type {HTMLSelectElement} */ (byId("language")));
}

/** Do it; what fails is said at the top of the page, and a session that ended leads to signing in. @param {() => unknown} work */
export async function guarded(work) {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof Refused && error.status === 401) location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
    show(byId("notice"), error instanceof Error ? said(error) : String(error));
    return false;
  }
}

/** @param {Error} error */
export function said(error) {
  return error instanceof Refused && error.status === 0 ? t("error.unreachable") : error.message;
}

/** @param {HTMLSelectElement} box */
function chooseLanguage(box) {
  box.replaceChildren(...snapshot.languages.map((tag) => element("option", { value: tag, lang: tag }, LANGUAGES.of(tag) ?? tag)));
  box.value = document.documentElement.lang;
  box.addEventListener("change", () => {
    document.cookie = `lang=${box.value}; path=/; max-age=${YEAR_S}; samesite=lax`;
    location.reload();
  });
}

async function signOut() {
  await send("/api/auth/logout", {});
  location.assign("/login");
}

export { ask };
