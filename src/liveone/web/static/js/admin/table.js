// Tables; those of more than two columns become one card a row where the screen is narrow. The roles are written
// out because a table that is not displayed as one loses them.

import { element } from "../ui/dom.js";

/** @param {string} label what the table holds @param {string[]} heads @param {(Node | string)[][]} rows @param {string} empty */
export function tableOf(label, heads, rows, empty) {
  if (!rows.length) return element("p", { class: "panel empty" }, empty);
  return element("div", { class: "panel" }, element(
    "table", { class: heads.length > 2 ? "wide cards" : "wide", role: "table", "aria-label": label },
    element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...heads.map((head) => element("th", { scope: "col", role: "columnheader" }, head)))),
    element("tbody", { role: "rowgroup" }, ...rows.map((row) => line(heads, row))),
  ));
}

/** @param {string[]} heads @param {(Node | string)[]} row */
function line(heads, [first, ...rest]) {
  const cells = rest.map((cell, index) => element(
    "td", { role: "cell" }, element("span", { class: "label", "aria-hidden": "true" }, heads[index + 1]), element("span", { class: "cell" }, cell),
  ));
  return element("tr", { role: "row" }, element("th", { scope: "row", role: "rowheader" }, first), ...cells);
}

/** @param {[string, Node | string][]} facts */
export function factsOf(facts) {
  return element("dl", { class: "panel facts" }, ...facts.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))));
}
