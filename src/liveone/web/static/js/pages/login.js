// Signing in; afterwards back to the page that asked for it.

import { Refused, send } from "../ui/api.js";
import { byId, say, show } from "../ui/dom.js";
import { chooseLanguage, tell } from "../ui/frame.js";
import { installable } from "../ui/install.js";
import { canPasskeys, showPasskey } from "../ui/passkeys.js";
import { at } from "../ui/root.js";
import { snapshot, t } from "../ui/text.js";

const SECOND_MS = 1000;
const form = /** @type {HTMLFormElement} */ (byId("login"));
const password = /** @type {HTMLInputElement} */ (byId("password"));
const button = /** @type {HTMLButtonElement} */ (byId("submit"));
const code = /** @type {HTMLInputElement} */ (byId("code"));

/** The page that was asked for. The server says which it is: a browser reads a host into more than it seems. */
function next() {
  return snapshot.next + location.hash;
}

/** @param {SubmitEvent} event */
async function signIn(event) {
  event.preventDefault();
  if (button.getAttribute("aria-disabled") === "true") return;
  hold(true);
  try {
    await send("/api/auth/login", Object.fromEntries(new FormData(form)));
    location.assign(at(next()));
  } catch (error) {
    hold(false);
    const step = error instanceof Refused && error.body.secondStep;
    if (step) return askMore(step, error);
    explain(error);
    password.select();
  }
}

/** The password was right, and more is asked for. @param {string[]} ways @param {Refused} refused */
function askMore(ways, { body }) {
  const problem = byId("problem");
  byId("code-box").hidden = byId("code-help").hidden = false;
  byId("passkey").hidden = !(ways.includes("passkey") && canPasskeys());
  password.setAttribute("aria-invalid", "false");
  code.setAttribute("aria-invalid", String(body.wasWrong));
  problem.removeAttribute("lang");
  show(problem, t(body.wasWrong ? "login.wrongCode" : ways.includes("app") ? "login.askCode" : "login.askPasskey"));
  code.select();
}

async function byPasskey() {
  show(byId("problem"), "");
  try {
    const { options } = await send("/api/auth/passkey/ask", {});
    await send("/api/auth/passkey", { credential: await showPasskey(options) });
    location.assign(at(next()));
  } catch (error) {
    byId("problem").removeAttribute("lang");
    if (error instanceof Refused && error.status === 401) show(byId("problem"), t("login.noPasskey"));
    else tell(byId("problem"), error);
  }
}

/** @param {unknown} error */
function explain(error) {
  const problem = byId("problem");
  const status = error instanceof Refused ? error.status : 0;
  password.setAttribute("aria-invalid", String(status === 401));
  problem.removeAttribute("lang");
  if (status === 401) show(problem, t(snapshot.accounts ? "login.wrong" : "login.wrongPassword"));
  else if (status === 429 && error instanceof Refused) wait(Number(error.body.retryAfterS) || 60);
  else tell(problem, error);
}

/** The sentence is read out once; the button counts. @param {number} seconds */
function wait(seconds) {
  const endAt = Date.now() + seconds * SECOND_MS;
  show(byId("problem"), t("login.tooMany", { seconds }));
  hold(true);
  const count = setInterval(() => {
    const left = Math.ceil((endAt - Date.now()) / SECOND_MS);
    if (left > 0) return say(button, t("login.submitIn", { seconds: left }));
    clearInterval(count);
    say(button, t("login.submit"));
    show(byId("problem"), t("login.now"));
    return hold(false);
  }, SECOND_MS / 4);
}

/** @param {boolean} held */
function hold(held) {
  button.setAttribute("aria-disabled", String(held));
}

/** @param {KeyboardEvent} event */
function capsLock(event) {
  say(byId("caps"), event.getModifierState?.("CapsLock") ? t("login.capsLock") : "");
}

byId("email-box").hidden = !snapshot.accounts;
byId("email-help").hidden = !(snapshot.accounts && snapshot.owner);
say(byId("forgot"), t(snapshot.accounts ? "login.forgotAccount" : "login.forgotOwner"));
/** @type {HTMLInputElement} */ (byId("reveal")).addEventListener("change", (event) => {
  password.type = /** @type {HTMLInputElement} */ (event.target).checked ? "text" : "password";
});
password.addEventListener("keydown", capsLock);
form.addEventListener("submit", signIn);
byId("passkey").hidden = !(snapshot.passkeys && canPasskeys());
byId("passkey").addEventListener("click", byPasskey);
(snapshot.accounts ? /** @type {HTMLElement} */ (form.elements.namedItem("email")) : password).focus();
chooseLanguage();
installable();
