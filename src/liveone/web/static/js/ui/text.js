// The page's language: messages and the snapshot that came with the page, numbers in the reader's locale.

import { makeFormat } from "../core/format.js";

const node = document.getElementById("snapshot");

/** @type {import("../types").Snapshot} */
export const snapshot = JSON.parse(node?.textContent || "{}");

const language = document.documentElement.lang;

/** The reader's own locale where it is of the page's language: "de-CH" writes 1'000, "de" 1.000. */
export const locale = navigator.languages.find((tag) => tag.split("-")[0] === language) ?? language;

export const format = makeFormat(locale);

/** A message; `{name}` in it becomes params.name. @param {string} key @param {Record<string, string | number>} params */
export function t(key, params = {}) {
  const text = snapshot.messages?.[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in params ? String(params[name]) : whole));
}

/** @typedef {{template: string, params: Record<string, any>}} Said a sentence of the server with what fills its blanks */

/** A sentence of the server in the reader's language; in English where the page has no other words for it. @param {Said} said @returns {string} */
export function sentence({ template, params }) {
  const text = snapshot.said?.[template] ?? template;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in params ? filling(params[name]) : whole));
}

/** @param {any} value */
function filling(value) {
  if (typeof value === "number") return format.decimal(value, Number.isInteger(value) ? 0 : 1);
  return typeof value === "object" ? sentence(value) : String(value);
}

/** The language of a sentence of the server, for the attribute `lang`: none where it is the page's. @param {Said | undefined} said */
export function languageOf(said) {
  return said && snapshot.said && said.template in snapshot.said ? undefined : "en";
}
