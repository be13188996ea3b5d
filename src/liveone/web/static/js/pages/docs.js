// The API as openapi.json describes it: one entry a path, with parameters, answers and examples.

import { ask } from "../ui/api.js";
import { byId, element } from "../ui/dom.js";
import { tell } from "../ui/frame.js";
import { t } from "../ui/text.js";

/** @param {string} path @param {string} verb @param {any} about @param {Record<string, any>} schemas */
function operation(path, verb, { summary, description, parameters = [], responses = {}, requestBody }, schemas) {
  return element(
    "details", {},
    element("summary", {}, element("span", { class: "verb" }, verb.toUpperCase()), " ", element("code", {}, path), ` ${summary ?? ""}`),
    ...paragraphs(description ?? ""),
    ...(parameters.length ? [table([t("docs.parameter"), t("docs.meaning")], parameters.map((/** @type {any} */ one) => [one.name, one.description ?? ""]))] : []),
    ...(requestBody ? [body(requestBody, schemas)] : []),
    table([t("docs.status"), t("docs.meaning")], Object.entries(responses).map(([status, one]) => [status, one.description])),
    ...examples(responses),
  );
}

/** @param {string} text */
function paragraphs(text) {
  return text.trim().split(/\n\s*\n/).map((part) => element("p", {}, ...coded(part)));
}

/** @param {string} text */
function coded(text) {
  return text.split(/`+/).map((part, index) => (index % 2 ? element("code", {}, part) : part));
}

/** The fields of a JSON body with their types, or the example of any other. @param {any} requestBody @param {Record<string, any>} schemas */
function body(requestBody, schemas) {
  const { schema, example } = requestBody.content["application/json"] ?? Object.values(requestBody.content)[0];
  const properties = schemas[schema?.$ref?.split("/").pop()]?.properties;
  return pretty(t("docs.body"), properties || !example ? types(properties ?? {}) : example);
}

/** @param {Record<string, any>} properties */
function types(properties) {
  return Object.fromEntries(Object.entries(properties).map(([name, { type, anyOf }]) =>
    [name, type ?? (anyOf ?? [{ type: "object" }]).map((/** @type {any} */ one) => one.type).join(" or ")]));
}

/** @param {Record<string, any>} responses */
function examples(responses) {
  const kinds = Object.values(responses).flatMap((one) => Object.values(one.content ?? {}));
  return kinds.filter(({ example }) => example).map(({ example }) => pretty(t("docs.example"), example));
}

/** @param {string} title @param {unknown} value */
function pretty(title, value) {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return element("div", {}, element("h3", {}, title), element("pre", { tabindex: 0 }, text));
}

/** @param {string[]} heads @param {[string, string][]} rows */
function table(heads, rows) {
  return element(
    "table", {},
    element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head)))),
    element("tbody", {}, ...rows.map(([name, text]) =>
      element("tr", {}, element("th", { scope: "row" }, element("code", {}, name)), element("td", {}, text)))),
  );
}

async function start() {
  const { info, paths, components } = await ask("/openapi.json");
  byId("about").replaceChildren(...paragraphs(info.description));
  byId("paths").replaceChildren(...Object.entries(paths).flatMap(([path, verbs]) =>
    Object.entries(verbs).map(([verb, one]) => operation(path, verb, one, components.schemas))));
}

start().catch((error) => tell(byId("notice"), error));
