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
