// The devices that a system is made of: what they give, adding one by a form that its kind declares, removing one.

import { ask, lines, send } from "../ui/api.js";
import { element } from "../ui/dom.js";
import { at } from "../ui/root.js";
import { languageOf, sentence, snapshot, t } from "../ui/text.js";
import { visit } from "./address.js";
import { attempt, closeDialog, failed, formOf, openDialog, waiting } from "./dialog.js";
import { lookAround } from "./looking.js";
import { done } from "./outcome.js";

export const FROM_SOURCES = "sources";
const POINTS_ONLY = "points";
const PUSH = "push";
const PATIENCE_MS = 120000;

/** @typedef {{name: string, label: string, kind: string, help: string, secret: boolean, required: boolean, default: any, choices: string[], lowest: number | null, highest: number | null}} Parameter */
/** @typedef {{vendorType: string, title: string, makes: string[], roles: string[], needsSite: boolean, parameters: Parameter[]}} Kind */
/** @typedef {{name: string, vendorType: string, site: string, roles: string[]}} Source */
/** @typedef {{name: string, ok: boolean, detail: string, roles: string[]}} Step */

/** What was found on the network and is about to be added. @type {import("./looking.js").FoundDevice | null} */
let found = null;

/** What a system is made of. @param {Pick<import("./address.js").Place, "system" | "site">} at @returns {Promise<unknown>} */
export async function sources({ system: id, site }) {
  if (site) return newSource(id, site);
  waiting(t("sources.title"), t("admin.loading"));
  try {
    const [{ sources: there }, { kinds, kept }] = await Promise.all([ask(`/api/admin/systems/${id}/sources`), ask("/api/admin/source-kinds")]);
    return openDialog(t("sources.title"), element("p", { class: "help" }, t("sources.help")), list(id, there), ...(kept ? [...choice(kinds), ...lookAround(chosen)] : [element("p", { class: "notice" }, t("sources.upgrade"))]));
  } catch (error) {
    return failed(t("sources.title"), error, () => sources({ system: id, site }));
  }
}

/** @param {import("./looking.js").FoundDevice} device */
function chosen(device) {
  found = device;
  visit({ ask: "sources", site: device.vendorType });
}

/** @param {string} id @param {Source[]} there */
function list(id, there) {
  const trouble = element("p", { class: "notice", role: "alert", hidden: true });
  const rows = there.map((source) => {
    const button = element("button", { type: "button", class: "danger", "aria-label": `${t("admin.do.remove")}: ${source.name}` }, t("admin.do.remove"));
    button.addEventListener("click", () => attempt(button, trouble, async () => {
      await send(`/api/admin/systems/${id}/sources/${encodeURIComponent(source.name)}`, {}, "DELETE");
      closeDialog();
      done(t("sources.removed", { name: source.name }));
    }));
    const what = element("span", {}, element("b", {}, source.name), ` ${source.vendorType} \u00b7 ${(source.roles.length ? source.roles : [POINTS_ONLY]).map(roleName).join(", ")}`);
    return element("li", { class: "row" }, what, button);
  });
  return element("div", {}, rows.length ? element("ul", { class: "devices" }, ...rows) : element("p", {}, t("sources.none")), trouble);
}

/** @param {string} role */
function roleName(role) {
  return t(`sources.role.${role}`);
}

/** @param {Kind[]} kinds */
function choice(kinds) {
  const kind = /** @type {HTMLSelectElement} */ (element("select", {}, ...kinds.map(({ vendorType, title, makes }) => element("option", { value: vendorType }, [vendorType === PUSH ? t("sources.push") : declared(title), ...(makes.length ? [makes.join(", ")] : [])].join(": ")))));
  const form = element("form", {}, element("label", {}, t("sources.kind"), kind), element("div", { class: "actions" }, element("button", { type: "submit", class: "main" }, t("sources.add"))));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    visit({ ask: "sources", site: kind.value });
  });
  return [element("h3", {}, t("sources.add")), form];
}

/** @param {string} id @param {string} vendorType @returns {Promise<unknown>} */
async function newSource(id, vendorType) {
  waiting(t("sources.add"), t("admin.loading"));
  try {
    const { kinds } = await ask("/api/admin/source-kinds");
    const kind = kinds.find((/** @type {Kind} */ one) => one.vendorType === vendorType);
    return kind ? describe(id, kind) : sources({ system: id, site: "" });
  } catch (error) {
    return failed(t("sources.add"), error, () => newSource(id, vendorType));
  }
}

/** @param {string} id @param {Kind} kind */
function describe(id, kind) {
  const known = found?.vendorType === kind.vendorType ? found.settings : {};
  found = null;
  const name = /** @type {HTMLInputElement} */ (element("input", { maxlength: 40, required: true, autocomplete: "off", autofocus: true }));
  const site = /** @type {HTMLInputElement} */ (element("input", { maxlength: 64, required: true, autocomplete: "off" }));
  const roles = kind.roles.map((role) => ({ role, box: /** @type {HTMLInputElement} */ (element("input", { type: "checkbox", checked: kind.vendorType !== PUSH })) }));
  const only = /** @type {HTMLInputElement} */ (element("input", { type: "checkbox" }));
  const measures = kind.parameters.some(({ name: one }) => one === "measures");
  const fields = kind.parameters.map((each) => fieldOf({ ...each, default: known[each.name] ?? each.default }));
  const steps = element("ol", { class: "checks" });
  const order = () => ({
    vendorType: kind.vendorType, name: name.value.trim(), site: kind.needsSite ? site.value.trim() : "",
    roles: only.checked ? [POINTS_ONLY] : measures || (kind.vendorType !== PUSH && roles.every(({ box }) => box.checked)) ? [] : roles.filter(({ box }) => box.checked).map(({ role }) => role),
    settings: Object.fromEntries(fields.map(({ key, value }) => [key, value()]).filter(([, value]) => value !== "")),
  });
  const gives = element("fieldset", {}, element("legend", {}, t("sources.gives")), ...roles.map(({ role, box }) => element("label", { class: "check" }, box, roleName(role))));
  const { form } = formOf([
    element("label", {}, t("sources.name"), name), ...(measures ? [] : [gives]), element("label", { class: "check" }, only, t("sources.pointsOnly")),
    ...(kind.needsSite ? [element("label", {}, t("admin.site"), site)] : []), ...fields.flatMap(({ parts }) => parts), steps,
  ], t(kind.vendorType === PUSH ? "sources.add" : "sources.testAndAdd"), "main", async () => {
    const given = order();
    const last = kind.vendorType === PUSH ? null : await tested(id, given, steps);
    if (last && !last.ok) throw new Error(t("sources.failed"));
    const { token } = await send(`/api/admin/systems/${id}/sources`, { ...given, roles: given.roles.length ? given.roles : last?.roles ?? [] }, "POST", PATIENCE_MS);
    if (token) return showToken(token);
    closeDialog();
    done(t("sources.added", { name: name.value.trim() }));
    return null;
  });
  openDialog(kind.vendorType === PUSH ? t("sources.push") : declared(kind.title), form);
}

/** The last step of a test: the first that failed, or one with the roles that the device told something of. @param {string} id @param {any} order @param {HTMLElement} list */
async function tested(id, order, list) {
  list.replaceChildren();
  const steps = /** @type {Step[]} */ ([]);
  await lines(`/api/admin/systems/${id}/sources/check`, order, (step) => {
    steps.push(step);
    const mark = `${step.ok ? "\u2713" : "\u2717"} ${snapshot.messages[`admin.check.${step.name.replace(" ", "_")}`] ?? step.name}`;
    list.append(element("li", { class: step.ok ? "ok" : "failed" }, element("b", {}, mark), " ", element("span", { lang: "en" }, step.detail)));
  }, PATIENCE_MS);
  return /** @type {Step} */ (steps[steps.length - 1]);
}

/** What an adapter calls something, in the reader's language where it is known there. @param {string} text */
function declared(text) {
  return sentence({ template: text, params: {} });
}

/** @param {string} text */
function language(text) {
  return languageOf({ template: text, params: {} });
}

/** A parameter as a field. @param {Parameter} each */
function fieldOf({ name, label, kind, help, secret, required, default: usual, choices, lowest, highest }) {
  const title = element("span", { lang: language(label) }, declared(label));
  const hint = help ? [element("p", { class: "help", lang: language(help) }, declared(help))] : [];
  if (kind === "switch") {
    const box = /** @type {HTMLInputElement} */ (element("input", { type: "checkbox", checked: usual === true }));
    return { key: name, parts: [element("label", { class: "check" }, box, title), ...hint], value: () => box.checked };
  }
  if (kind === "choice") {
    const none = usual === null ? [element("option", { value: "" }, "")] : [];
    const select = /** @type {HTMLSelectElement} */ (element("select", { required }, ...none, ...choices.map((value) => element("option", { value, selected: value === usual }, snapshot.messages[`sources.role.${value}`] ?? value))));
    return { key: name, parts: [element("label", {}, title, select), ...hint], value: () => select.value };
  }
  const isNumber = kind === "integer" || kind === "number";
  const input = /** @type {HTMLInputElement} */ (element("input", {
    type: secret ? "password" : isNumber ? "number" : kind === "url" ? "url" : "text", required, autocomplete: secret ? "new-password" : "off", spellcheck: "false",
    value: usual ?? "", ...(isNumber ? { step: kind === "integer" ? 1 : "any", min: lowest ?? "", max: highest ?? "" } : {}),
  }));
  return { key: name, parts: [element("label", {}, title, input), ...hint], value: () => input.value.trim() };
}

/** @param {string} token */
function showToken(token) {
  const example = `curl -H "Authorization: Bearer ${token}" -H "Content-Type: application/json" -d '{"solar_w": 3120}' ${new URL(at("/api/readings"), location.href).href}`;
  openDialog(t("sources.push"), element("p", {}, t("sources.tokenOnce")), element("pre", { tabindex: 0 }, token), element("p", { class: "help" }, t("sources.tokenHelp")), element("pre", { tabindex: 0 }, example));
}
