// Adding a system, step by step: find its site, test the connection, see that the signs are right, name it.

import { ask, send } from "../ui/api.js";
import { element } from "../ui/dom.js";
import { t } from "../ui/text.js";
import { closeDialog, doing, openDialog } from "./dialog.js";
import { offsetChoice } from "./offsets.js";

const PATIENCE_MS = 120000;

/** @typedef {{vendorType: string, vendorSiteId: string, name: string, known?: boolean}} Site */

/** @param {() => void} again */
export async function startAdding(again) {
  openDialog(t("admin.addTitle"), element("p", { role: "status" }, t("admin.looking")));
  try {
    const { accounts } = await ask("/api/admin/accounts");
    if (!accounts.length) {
      openDialog(t("admin.addTitle"), element("p", {}, t("admin.noAccount")), element("pre", {}, t("admin.accountExample")));
      return;
    }
    const found = await Promise.all(accounts.map(discovered));
    chooseSite(found, again);
  } catch (error) {
    openDialog(t("admin.addTitle"), element("p", { class: "notice", role: "alert" }, error instanceof Error ? error.message : String(error)));
  }
}

/** @param {{name: string, vendorType: string}} account @returns {Promise<{account: {name: string, vendorType: string}, sites: Site[], trouble: string}>} */
async function discovered(account) {
  try {
    const { sites } = await send(`/api/admin/accounts/${encodeURIComponent(account.name)}/discover`, {}, "POST", PATIENCE_MS);
    return { account, sites, trouble: "" };
  } catch (error) {
    return { account, sites: [], trouble: error instanceof Error ? error.message : String(error) };
  }
}

/** @param {{account: {name: string, vendorType: string}, sites: Site[], trouble: string}[]} found @param {() => void} again */
function chooseSite(found, again) {
  const groups = found.flatMap(({ account, sites, trouble }) => [
    element("h3", {}, `${account.name} (${account.vendorType})`),
    ...(trouble ? [element("p", { class: "notice", role: "alert" }, trouble)] : []),
    element("ul", { class: "sites" }, ...sites.map((site) => {
      const button = /** @type {HTMLButtonElement} */ (element("button", { type: "button" }, `${site.name || site.vendorSiteId} \u00b7 ${site.vendorSiteId}`));
      button.disabled = Boolean(site.known);
      if (site.known) button.append(` (${t("admin.known")})`);
      button.addEventListener("click", () => testSite(site, again));
      return element("li", {}, button);
    })),
    ...(sites.length || trouble ? [] : [element("p", { class: "help" }, t("admin.noSites"))]),
  ]);
  const typed = /** @type {HTMLInputElement} */ (element("input", { maxlength: 64, required: true }));
  const form = element("form", {}, element("label", {}, t("admin.siteNumber"), typed), element("button", { type: "submit" }, t("admin.testIt")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    testSite({ vendorType: found[0].account.vendorType, vendorSiteId: typed.value.trim(), name: "" }, again);
  });
  openDialog(t("admin.addTitle"), element("p", { class: "steps" }, t("admin.step1")), ...groups, form);
}

/** @param {Site} site @param {() => void} again */
async function testSite(site, again) {
  openDialog(t("admin.addTitle"), element("p", { class: "steps" }, t("admin.step2")), element("p", { role: "status" }, t("admin.testing", { site: site.vendorSiteId })));
  try {
    const { success, steps } = await send("/api/admin/check", { vendorType: site.vendorType, vendorSiteId: site.vendorSiteId }, "POST", PATIENCE_MS);
    showSteps(site, success, steps, again);
  } catch (error) {
    openDialog(t("admin.addTitle"), element("p", { class: "notice", role: "alert" }, error instanceof Error ? error.message : String(error)));
  }
}

/** @param {Site} site @param {boolean} success @param {{name: string, ok: boolean, detail: string}[]} steps @param {() => void} again */
function showSteps(site, success, steps, again) {
  const list = element("ol", { class: "checks" }, ...steps.map(({ name, ok, detail }) => element(
    "li", { class: ok ? "ok" : "failed" }, element("b", {}, `${ok ? "\u2713" : "\u2717"} ${name}`), ` ${detail}`,
  )));
  if (!success) {
    const retry = element("button", { type: "button" }, t("admin.testAgain"));
    retry.addEventListener("click", () => testSite(site, again));
    openDialog(t("admin.addTitle"), element("p", { class: "steps" }, t("admin.step2")), list, element("div", { class: "actions" }, retry));
    return;
  }
  const name = /** @type {HTMLInputElement} */ (element("input", { value: site.name || `System ${site.vendorSiteId}`, maxlength: 100, required: true }));
  const offset = offsetChoice();
  const { button, trouble } = doing(t("admin.addIt"), "main", async () => {
    await send("/api/admin/systems", { vendorType: site.vendorType, vendorSiteId: site.vendorSiteId, displayName: name.value.trim(), offsetMin: Number(offset.value) }, "POST", PATIENCE_MS);
    closeDialog();
    again();
  });
  openDialog(
    t("admin.addTitle"), element("p", { class: "steps" }, t("admin.step3")), list, element("p", { class: "help" }, t("admin.signs")),
    element("form", {}, element("label", {}, t("admin.name"), name), element("label", {}, t("system.zone"), offset)),
    trouble, element("div", { class: "actions" }, button),
  );
}
