// Looking for devices on the network: only when asked, and only where it is said.

import { lines } from "../ui/api.js";
import { element, show } from "../ui/dom.js";
import { languageOf, sentence, t } from "../ui/text.js";
import { attempt } from "./dialog.js";

const PATIENCE_MS = 150000;

/** @typedef {{host: string, vendorType: string, title: string, settings: Record<string, string | number>, seen: string}} FoundDevice */

/** A form that looks around, and what it found. @param {(found: FoundDevice) => void} choose */
export function lookAround(choose) {
  const where = /** @type {HTMLInputElement} */ (element("input", { autocomplete: "off", spellcheck: "false", autocapitalize: "off", placeholder: "192.168.1.0/24", maxlength: 400 }));
  const button = element("button", { type: "submit" }, t("sources.look"));
  const trouble = element("p", { class: "notice", role: "alert", hidden: true });
  const progress = element("p", { class: "help", role: "status" });
  const list = element("ul", { class: "devices found" });
  const form = element("form", {}, element("label", {}, t("sources.lookWhere"), where), element("p", { class: "help" }, t("sources.lookHelp")), trouble, element("div", { class: "actions" }, button), progress, list);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(button, trouble, () => look(where.value, list, progress, choose));
  });
  return [element("h3", {}, t("sources.lookTitle")), form];
}

/** @param {string} text @param {HTMLElement} list @param {HTMLElement} progress @param {(found: FoundDevice) => void} choose */
async function look(text, list, progress, choose) {
  list.replaceChildren();
  show(progress, t("sources.lookBegun"));
  try {
    await lines("/api/admin/source-look", { places: text.split(/[\s,;]+/).filter(Boolean) }, (step) => {
      if ("looked" in step) show(progress, t("sources.lookFar", { percent: Math.floor(100 * step.looked / step.places) }));
      else list.append(rowOf(step, choose));
    }, PATIENCE_MS);
    show(progress, list.childElementCount ? "" : t("sources.lookNothing"));
  } catch (error) {
    show(progress, "");
    throw error;
  }
}

/** @param {FoundDevice} found @param {(found: FoundDevice) => void} choose */
function rowOf(found, choose) {
  const said = { template: found.title, params: {} };
  const button = element("button", { type: "button", "aria-label": `${t("sources.add")}: ${found.host}, ${sentence(said)}` }, t("sources.addThis"));
  button.addEventListener("click", () => choose(found));
  const what = element("span", {}, element("b", {}, found.host), " ", element("span", { lang: languageOf(said) }, sentence(said)), ` \u00b7 `, element("span", { lang: "en" }, found.seen));
  return element("li", { class: "row" }, what, button);
}
