// Every number explains itself: what it is, how it was worked out, its sign, what it was made of.

import { byId, element } from "../ui/dom.js";
import { t } from "../ui/text.js";

/**
 * @param {string} title @param {{key: string, lines?: [string, string][], table?: HTMLElement | null, note?: string, actions?: HTMLElement[]}} about
 */
export function explain(title, { key, lines = [], table = null, note = "", actions = [] }) {
  const box = /** @type {HTMLDialogElement} */ (byId("explain"));
  const close = element("button", { type: "button", class: "quiet", "aria-label": t("explain.close") }, "\u00d7");
  close.addEventListener("click", () => box.close());
  const facts = lines.filter(([, value]) => value).map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value)));
  box.replaceChildren(
    element("div", { class: "row" }, element("h2", { id: "explain-title" }, title), close),
    element("p", {}, t(`explain.${key}`)),
    ...(facts.length ? [element("dl", { class: "facts" }, ...facts)] : []),
    ...(note ? [element("p", { class: "help" }, note)] : []),
    ...(table ? [element("div", { class: "scroll parts-table", tabindex: 0, role: "region", "aria-label": title }, table)] : []),
    ...(actions.length ? [element("div", { class: "actions" }, ...actions)] : []),
  );
  if (!box.open) box.showModal();
}

/** Closing by a click beside the dialog, as everywhere. */
export function closable() {
  const box = /** @type {HTMLDialogElement} */ (byId("explain"));
  box.addEventListener("click", (event) => event.target === box && box.close());
}

/** @param {string[]} heads @param {[string, string, boolean][]} rows name, value, estimated */
export function partsTable(heads, rows) {
  const line = (/** @type {[string, string, boolean]} */ [name, value, estimated]) => element(
    "tr", {}, element("th", { scope: "row" }, name), element("td", estimated ? { class: "est", title: t("energy.estimated") } : {}, value),
  );
  return element(
    "table", {}, element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head)))), element("tbody", {}, ...rows.map(line)),
  );
}
