// The administrator's page: one part at a time, and at most one question, both named in the address.

import { add } from "../admin/add.js";
import { place, visit, NOWHERE } from "../admin/address.js";
import { showAudit } from "../admin/audit.js";
import { restore, showBackups } from "../admin/backups.js";
import { closeDialog } from "../admin/dialog.js";
import { showHealth } from "../admin/health.js";
import { forgetReadings, importFile, showImports, undo } from "../admin/imports.js";
import { report, showMigrations } from "../admin/migrations.js";
import { forget } from "../admin/outcome.js";
import { invite, removePerson, resetLink, share, showPeople } from "../admin/people.js";
import { sources } from "../admin/sources.js";
import { showStorage } from "../admin/storage.js";
import { edit, remove, showSystems } from "../admin/systems.js";
import { byId, element, segments, show } from "../ui/dom.js";
import { frame, leaveIfSignedOut, tell } from "../ui/frame.js";
import { snapshot, t } from "../ui/text.js";

const SLOW_MS = 300;
const LOOK_AGAIN_MS = 15000;

/** @type {Record<string, (box: HTMLElement) => Promise<void>>} */
const PARTS = { systems: showSystems, people: showPeople, health: showHealth, imports: showImports, backups: showBackups, storage: showStorage, migrations: showMigrations, audit: showAudit };
/** @type {Record<string, (at: import("../admin/address.js").Place) => unknown>} */
const QUESTIONS = { add, edit, sources, remove, restore, report, undo, import: importFile, forget: forgetReadings, share, invite, reset: resetLink, removePerson };
const NAMES = Object.keys(PARTS);
const HEADING = "heading";
const ALIVE = ["systems", "health"];

let shown = "";
let asking = "";
let turn = 0;
let opener = "";

function arrive() {
  const at = place();
  const part = at.part in PARTS ? at.part : NAMES[0];
  const question = JSON.stringify({ ...at, part });
  const before = asking;
  if (at.ask && !asking) opener = keyOf(document.activeElement);
  asking = at.ask in QUESTIONS ? question : "";
  if (part !== shown || (asking && asking !== before)) forget();
  segments(byId("parts"), NAMES.map((key) => ({ key, title: t(`admin.part.${key}`) })), part, (key) => visit({ ...NOWHERE, part: key === NAMES[0] ? "" : key }));
  if (asking && asking !== before) QUESTIONS[at.ask](at);
  if (!asking && before) closeDialog();
  if (!asking || part !== shown) draw(part, before && !asking ? opener || HEADING : keyOf(document.activeElement));
}

/** @param {string} part @param {string} focus the key of what is to have the focus afterwards, if anything */
async function draw(part, focus) {
  const mine = ++turn;
  const box = element("section", { id: "part", "aria-busy": "true" });
  const slow = setTimeout(() => part !== shown && byId("part").replaceChildren(element("p", { role: "status", class: "busy" }, t("admin.loading"))), SLOW_MS);
  try {
    await PARTS[part](box);
  } catch (error) {
    if (leaveIfSignedOut(error)) return;
    box.replaceChildren(...trouble(part, error));
  } finally {
    clearTimeout(slow);
  }
  if (mine !== turn) return;
  box.removeAttribute("aria-busy");
  if (part === shown) keepOpen(byId("part"), box);
  byId("part").replaceWith(box);
  shown = part;
  if (focus) refocus(box, focus);
}

/** @param {string} part @param {unknown} error */
function trouble(part, error) {
  const notice = element("p", { class: "notice", role: "alert" });
  const again = element("button", { type: "button", "data-key": "again" }, t("admin.again"));
  again.addEventListener("click", () => draw(part, "again"));
  tell(notice, error);
  return [element("h2", { tabindex: -1 }, t(`admin.part.${part}`)), notice, again];
}

/** @param {HTMLElement} old @param {HTMLElement} box */
function keepOpen(old, box) {
  const before = [...old.querySelectorAll("details")];
  box.querySelectorAll("details").forEach((one, index) => {
    one.open = before[index]?.open ?? one.open;
  });
}

/** @param {Element | null} node */
function keyOf(node) {
  return node?.closest("#part") ? node.getAttribute("data-key") ?? HEADING : "";
}

/** @param {HTMLElement} box @param {string} key */
function refocus(box, key) {
  const again = [...box.querySelectorAll("[data-key]")].find((node) => node.getAttribute("data-key") === key);
  /** @type {HTMLElement | null} */ (again ?? box.querySelector("h2"))?.focus({ preventScroll: true });
}

frame("admin");
if (snapshot.isAdmin) {
  addEventListener("popstate", arrive);
  arrive();
  setInterval(() => {
    const engaged = byId("part").querySelector("[aria-busy], [role=alert]:not([hidden])");
    if (!document.hidden && !asking && !engaged && ALIVE.includes(shown)) draw(shown, keyOf(document.activeElement));
  }, LOOK_AGAIN_MS);
} else show(byId("notice"), t("admin.forbidden"));
