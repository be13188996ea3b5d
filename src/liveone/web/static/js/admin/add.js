// Adding a system, step by step: find its site among the accounts', test the connection, see that the signs are
// right, name it. One whose readings are imported has no site: it is only named.

import { IMPORT_ONLY } from "../core/freshness.js";
import { ask, lines, send } from "../ui/api.js";
import { element } from "../ui/dom.js";
import { tell } from "../ui/frame.js";
import { t } from "../ui/text.js";
import { visit } from "./address.js";
import { closeDialog, failed, formOf, openDialog, waiting } from "./dialog.js";
import { done } from "./outcome.js";
import { FROM_SOURCES } from "./sources.js";
import { signsQuestion } from "./signs.js";
import { zoneField } from "./zones.js";

const PATIENCE_MS = 120000;
/** @type {Record<string, {title: string, help: string, add: string}>} */
const WORDS = {
  [FROM_SOURCES]: { title: "sources.houseTitle", help: "sources.houseHelp", add: "sources.house" },
  [IMPORT_ONLY]: { title: "admin.importOnlyTitle", help: "admin.importOnlyHelp", add: "admin.importOnly" },
};
const STEPS = ["reached", "logged in", "site found", "reading sane", "signs plausible"];

/** @typedef {{vendorType: string, vendorSiteId: string, name: string, known?: boolean}} Site */
/** @typedef {{account: {name: string, vendorType: string}, sites: Site[], error: unknown}} Found */
/** @typedef {{name: string, ok: boolean, detail: string, powers: Record<string, number | null> | null}} Step */

/** @param {import("./address.js").Place} at */
export async function add(at) {
  if (at.site === IMPORT_ONLY || at.site === FROM_SOURCES) return nameIt(at.site);
  const [vendorType, vendorSiteId] = at.site.split("/");
  if (vendorSiteId) return testSite({ vendorType, vendorSiteId, name: at.name });
  waiting(t("admin.addTitle"), t("admin.looking"));
  try {
    const { accounts } = await ask("/api/admin/accounts");
    if (!accounts.length) return noAccount();
    return chooseSite(await Promise.all(accounts.map(discovered)));
  } catch (error) {
    return failed(t("admin.addTitle"), error, () => add(at));
  }
}

function noAccount() {
  openDialog(t("admin.addTitle"), element("p", {}, t("admin.noAccount")), element("pre", { tabindex: 0 }, t("admin.accountExample")), otherChoices());
}

/** @param {{name: string, vendorType: string}} account @returns {Promise<Found>} */
async function discovered(account) {
  try {
    const { sites } = await send(`/api/admin/accounts/${encodeURIComponent(account.name)}/discover`, {}, "POST", PATIENCE_MS);
    return { account, sites, error: null };
  } catch (error) {
    return { account, sites: [], error };
  }
}

/** @param {Found[]} found */
function chooseSite(found) {
  const groups = found.flatMap(({ account, sites, error }) => {
    const trouble = element("p", { class: "notice", role: "alert", hidden: true });
    if (error) tell(trouble, error);
    return [
      element("h3", {}, t("admin.account", { name: account.name, type: account.vendorType })), trouble,
      element("ul", { class: "sites" }, ...sites.map(siteChoice)),
      ...(sites.length || error ? [] : [element("p", { class: "help" }, t("admin.noSites"))]),
    ];
  });
  openDialog(t("admin.addTitle"), element("p", { class: "steps" }, t("admin.step1")), ...groups, typedSite(found), otherChoices());
}

/** @param {Site} site */
function siteChoice(site) {
  const button = /** @type {HTMLButtonElement} */ (element(
    "button", { type: "button" }, element("b", {}, site.name || site.vendorSiteId), ` ${site.vendorSiteId}`,
    ...(site.known ? [element("span", { class: "known" }, t("admin.known"))] : []),
  ));
  button.disabled = Boolean(site.known);
  button.addEventListener("click", () => visit({ ask: "add", site: `${site.vendorType}/${site.vendorSiteId}`, name: site.name }));
  return element("li", {}, button);
}

/** A site that no account lists: an installer's, or of a box in the house. @param {Found[]} found */
function typedSite(found) {
  const kinds = [...new Set(found.map(({ account }) => account.vendorType))];
  const kind = /** @type {HTMLSelectElement} */ (element("select", {}, ...kinds.map((name) => element("option", { value: name }, name))));
  const number = /** @type {HTMLInputElement} */ (element("input", { maxlength: 64, required: true, autocomplete: "off" }));
  const form = element(
    "form", {}, element("label", {}, t("admin.siteNumber"), number),
    ...(kinds.length > 1 ? [element("label", {}, t("admin.vendor"), kind)] : []),
    element("div", { class: "actions" }, element("button", { type: "submit" }, t("admin.testIt"))),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    visit({ ask: "add", site: `${kind.value}/${number.value.trim()}`, name: "" });
  });
  return form;
}

/** A house without an account at a vendor: made of devices, or imported. */
function otherChoices() {
  return element("div", {}, ...[FROM_SOURCES, IMPORT_ONLY].flatMap((kind) => {
    const words = WORDS[kind];
    const button = element("button", { type: "button" }, t(words.add));
    button.addEventListener("click", () => visit({ ask: "add", site: kind, name: "" }));
    return [element("h3", {}, t(words.title)), element("p", { class: "help" }, t(words.help)), element("div", { class: "actions" }, button)];
  }));
}

/** @param {string} kind */
async function nameIt(kind) {
  const words = WORDS[kind];
  const name = /** @type {HTMLInputElement} */ (element("input", { maxlength: 64, required: true, autocomplete: "off", autofocus: true }));
  const zone = await zoneField();
  const { form } = formOf([element("label", {}, t("admin.name"), name), ...zone.parts], t("admin.addIt"), "main", async () => {
    const { id } = await send("/api/admin/systems", { vendorType: kind, displayName: name.value.trim(), ...zone.value() }, "POST", PATIENCE_MS);
    if (kind === FROM_SOURCES) return visit({ ask: "sources", system: String(id), site: "", name: "" });
    closeDialog();
    return done(t("admin.addedImported", { name: name.value.trim() }));
  });
  openDialog(t(words.title), element("p", { class: "help" }, t(words.help)), form);
}

/** @param {Site} site */
async function testSite(site) {
  const list = element("ol", { class: "checks" });
  const saying = element("p", { role: "status", class: "busy" }, t("admin.testing", { site: site.vendorSiteId }));
  openDialog(t("admin.addTitle"), element("p", { class: "steps" }, t("admin.step2")), list, saying);
  const steps = /** @type {Step[]} */ ([]);
  try {
    const about = { vendorType: site.vendorType, vendorSiteId: site.vendorSiteId };
    await lines("/api/admin/check", about, (step) => {
      steps.push(step);
      list.append(stepOf(step));
    }, PATIENCE_MS);
  } catch (error) {
    if (list.isConnected) failed(t("admin.addTitle"), error, () => testSite(site));
    return;
  }
  if (list.isConnected) await (steps.every(({ ok }) => ok) ? nameTested : testAgain)(site, list, steps);
}

/** @param {Step} step */
function stepOf({ name, ok, detail }) {
  const title = STEPS.includes(name) ? t(`admin.check.${name.replace(" ", "_")}`) : name;
  return element("li", { class: ok ? "ok" : "failed" }, element("b", {}, `${ok ? "\u2713" : "\u2717"} ${title}`), " ", element("span", { lang: "en" }, detail));
}

/** @param {Site} site @param {HTMLElement} list @param {Step[]} steps */
function testAgain(site, list, steps) {
  const failing = steps.at(-1);
  const other = element("button", { type: "button" }, t("admin.otherSite"));
  const retry = element("button", { type: "button", autofocus: true, class: "main" }, t("admin.testAgain"));
  retry.addEventListener("click", () => testSite(site));
  other.addEventListener("click", () => visit({ ask: "add", site: "", name: "" }));
  const known = failing && STEPS.includes(failing.name);
  const advice = known ? [element("p", { class: "help" }, t(`admin.advice.${failing.name.replace(" ", "_")}`))] : [];
  openDialog(t("admin.addTitle"), element("p", { class: "steps" }, t("admin.step2")), list, ...advice, element("div", { class: "actions" }, retry, other));
}

/** @param {Site} site @param {HTMLElement} list @param {Step[]} steps */
async function nameTested(site, list, steps) {
  const name = /** @type {HTMLInputElement} */ (element("input", { value: site.name || t("admin.systemName", { site: site.vendorSiteId }), maxlength: 100, required: true }));
  const zone = await zoneField();
  const signs = signsQuestion(steps.at(-1)?.powers ?? null, site.vendorSiteId);
  const { form, button } = formOf(
    [signs.box, element("label", {}, t("admin.name"), name), ...zone.parts],
    t("admin.addIt"), "main",
    async () => {
      const about = { vendorType: site.vendorType, vendorSiteId: site.vendorSiteId };
      await send("/api/admin/systems", { ...about, displayName: name.value.trim(), ...zone.value() }, "POST", PATIENCE_MS);
      closeDialog();
      done(t("admin.added", { name: name.value.trim() }));
    },
  );
  signs.onAnswer((fits) => {
    button.disabled = !fits;
  });
  const passed = element("details", {}, element("summary", {}, t("admin.passed", { count: steps.length })), list);
  openDialog(t("admin.addTitle"), element("p", { class: "steps" }, t("admin.step3")), passed, form);
}
