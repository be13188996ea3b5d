// The buttons above the charts, and the legend: what can be chosen, and what is.

import { VIEWS } from "../core/period.js";
import { LINES } from "../core/state.js";
import { byId, element, say, segments, show } from "../ui/dom.js";
import { t } from "../ui/text.js";
import { changedDays, periodText } from "./words.js";

/** @typedef {import("./history.js").History} History */

/** @param {History} past */
export function wireToolbar(past) {
  const on = (/** @type {string} */ id, /** @type {() => unknown} */ work) => byId(id).addEventListener("click", work);
  on("previous", () => past.step(-1));
  on("next", () => past.step(1));
  on("to-today", () => past.set({ day: past.today(), from: null, to: null, view: past.state.view === "all" ? "day" : past.state.view }));
  on("zoom-out", () => past.zoomOut());
  on("compare", () => past.set({ compare: !past.state.compare }));
  on("mode", () => past.set({ mode: past.state.mode === "lines" ? "stacked" : "lines" }, { push: false }));
  on("csv", () => past.saveCsv());
  on("png", () => past.savePng());
  const stack = byId("stack");
  stack.tabIndex = 0;
  stack.setAttribute("role", "group");
  stack.setAttribute("aria-label", t("chart.stackLabel"));
  makeLegend(past);
}

/** @param {History} past @param {import("../types").Span} span that is asked for, though not yet loaded */
export function fillToolbar(past, span) {
  const { state, zoomed, around } = past;
  const nowAt = around.now();
  segments(byId("views"), VIEWS.map((key) => ({ key, title: t(`view.${key}`) })), zoomed ? "" : state.view, (view) => past.set({ view, from: null, to: null }));
  say(byId("period"), periodText(state, span, past.zone));
  show(byId("clock-change"), changedDays(span, past.zone));
  byId("zoom-out").hidden = !zoomed;
  enable("previous", zoomed || (state.view !== "all" && span.first > around.firstDay));
  enable("next", zoomed || (state.view !== "all" && span.endAt <= nowAt));
  enable("to-today", zoomed || span.startAt > nowAt || span.endAt < nowAt);
  enable("compare", zoomed || state.view !== "all");
  byId("compare").setAttribute("aria-pressed", String(state.compare));
  byId("mode").setAttribute("aria-pressed", String(state.mode === "lines"));
  for (const button of byId("legend").querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset.key === state.only));
}

/** @param {History} past */
function makeLegend(past) {
  const items = LINES.map((key) => {
    const button = element("button", { type: "button", class: key, "data-key": key }, t(`source.${key}`));
    button.addEventListener("click", () => past.set({ only: past.state.only === key ? "" : key }, { push: false }));
    return element("li", { "data-of": key }, button);
  });
  byId("legend").append(...items, element("li", { class: "gap" }, t("legend.gap")), element("li", { class: "estimated" }, t("legend.estimated")), element("li", { class: "before", id: "legend-before", hidden: true }));
}

/** @param {string} id @param {boolean} enabled */
function enable(id, enabled) {
  /** @type {HTMLButtonElement} */ (byId(id)).disabled = !enabled;
}
