// Behind a link: the owner sets the server up, somebody joins, a new password; a share link that has a password.

import { Refused, send } from "../ui/api.js";
import { byId, say, show } from "../ui/dom.js";
import { chooseLanguage, tell } from "../ui/frame.js";
import { at } from "../ui/root.js";
import { snapshot, t } from "../ui/text.js";

/** @typedef {{kind: string, role: string | null, system: string | null, email: string | null, by: string | null}} Link */

const form = /** @type {HTMLFormElement} */ (byId("welcome"));
const email = /** @type {HTMLInputElement} */ (byId("email"));
const password = /** @type {HTMLInputElement} */ (byId("password"));
const button = /** @type {HTMLButtonElement} */ (byId("submit"));
const THEN = /** @type {Record<string, string>} */ ({ setup: "/admin?ask=add", invite: "/", reset: "/" });

let kind = "";

function token() {
  return snapshot.link === "share" ? location.pathname.split("/").pop() ?? "" : new URLSearchParams(location.search).get("token") ?? "";
}

async function arrive() {
  if (snapshot.link === "ended" || snapshot.link === "signedIn") return end(t(`welcome.${snapshot.link}`));
  if (snapshot.link === "share") return offer("share", {});
  try {
    const link = /** @type {Link} */ (await send("/api/auth/link", { token: token() }));
    const about = { system: link.system ?? "", email: link.email ?? "", by: link.by ?? "" };
    const text = link.kind === "invite" && !link.system ? "inviteOnly" : link.kind;
    if (snapshot.signedInAs && link.kind === "invite") return offerMine(about, text, link.role);
    return offer(link.kind, about, text, link.role);
  } catch (error) {
    return error instanceof Refused && error.status >= 400 && error.status < 500 ? end(t("welcome.used")) : end(String(error instanceof Error ? error.message : error));
  }
}

/** @param {string} asked @param {Record<string, string>} about @param {string} text @param {string | null} role */
function offer(asked, about, text = asked, role = null) {
  kind = asked;
  say(byId("heading"), t(`welcome.${kind}`));
  say(byId("lead"), t(`welcome.${text}Text`, { ...about, role: role ? t(`role.${role}`) : "" }));
  say(button, t(`welcome.${kind}Do`));
  const isNew = kind === "setup" || kind === "invite";
  for (const id of ["email-box", "name-box", "name-help"]) byId(id).hidden = !isNew;
  const places = document.getElementById("places");
  if (places) places.hidden = !isNew;
  email.required = isNew;
  if (kind === "share") {
    password.autocomplete = "off";
    say(byId("password-title"), t("login.password"));
    byId("password-help").hidden = true;
  }
  form.hidden = false;
  (isNew ? email : password).focus();
}

// Somebody is signed in here already: the invitation can be theirs, and another account is what they ask for.
/** @param {Record<string, string>} about @param {string} text @param {string | null} role */
function offerMine(about, text, role) {
  const who = { ...about, email: snapshot.signedInAs ?? "", role: role ? t(`role.${role}`) : "" };
  say(byId("mine-text"), t(text === "invite" ? "welcome.mineText" : "welcome.mineOnlyText", who));
  say(byId("accept"), t("welcome.mineDo"));
  byId("accept").hidden = text !== "invite";
  byId("mine").hidden = false;
  byId("accept").addEventListener("click", acceptMine);
  byId("another").addEventListener("click", () => {
    byId("mine").hidden = true;
    offer("invite", about, text, role);
  });
}

async function acceptMine() {
  show(byId("mine-problem"), "");
  try {
    const { systemId } = await send("/api/me/invitations", { token: token() });
    location.assign(at(`/dashboard/${systemId}`));
  } catch (error) {
    tell(byId("mine-problem"), error);
  }
}

/** @param {string} text */
function end(text) {
  show(byId("ended"), text);
  byId("to-login").hidden = snapshot.link === "ended";
}

/** @param {SubmitEvent} event */
async function use(event) {
  event.preventDefault();
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  show(byId("problem"), "");
  try {
    if (kind === "share") {
      const { systemId } = await send("/api/auth/share", { token: token(), password: password.value });
      location.assign(at(`/dashboard/${systemId}`));
    } else {
      await send("/api/auth/join", { token: token(), ...Object.fromEntries(new FormData(form)) });
      location.assign(at(THEN[kind]));
    }
  } catch (error) {
    button.removeAttribute("aria-disabled");
    tell(byId("problem"), error);
    const status = error instanceof Refused ? error.status : 0;
    if (kind === "share" && status === 404) {
      form.hidden = true;
      return end(t("welcome.ended"));
    }
    const known = status === 401 ? t("welcome.wrong") : status === 429 && error instanceof Refused ? t("login.tooMany", { seconds: error.body.retryAfterS ?? 60 }) : "";
    if (known) {
      byId("problem").removeAttribute("lang");
      show(byId("problem"), known);
    }
    password.select();
  }
}

/** @type {HTMLInputElement} */ (byId("reveal")).addEventListener("change", (event) => {
  password.type = /** @type {HTMLInputElement} */ (event.target).checked ? "text" : "password";
});
form.addEventListener("submit", use);
chooseLanguage();
arrive();
