// The history section: which stretch is shown and how, kept in the address; loads it and draws all charts of it.

import { LINES, readState, writeState } from "../core/state.js";
import { daysOf, moved, VIEWS } from "../core/period.js";
import { addDays } from "../core/zone.js";
import { elapsed } from "../core/energy.js";
import { drawBars } from "../charts/bars.js";
import { makeCursor } from "../charts/cursor.js";
import { frameOf } from "../charts/frame.js";
import { drawSoc, drawStrip, sharesOf } from "../charts/level.js";
import { drawPower } from "../charts/power.js";
import { byId, element, say, segments } from "../ui/dom.js";
import { t } from "../ui/text.js";
import { ask } from "../ui/api.js";
import { guarded } from "../ui/frame.js";
import { loadSpan } from "./load.js";
import { fillTotals } from "./totals.js";
import { cursorText, endOf, explainTotal, periodText, titlesOf } from "./words.js";
import { saveCsv, savePng } from "./download.js";

const RETRY = ["view", "day", "from", "to", "compare"];

/**
 * @param {{systemId: number, zone: import("../types").Zone, firstDay: string, now: () => number, name: () => string, onState: (state: import("../types").State) => void}} around
 */
export function makeHistory(around) {
  const { zone } = around;
  const today = () => zone.date(around.now() - 1);
  let state = readState(location.search, today());
  /** @type {import("./load.js").Loaded | null} */
  let loaded = null;
  /** @type {import("./load.js").Loaded | null} */
  let before = null;
  /** @type {import("../types").Span} */
  let span = spanOf(state);
  /** @type {[number, number, number | null][]} */
  let shares = [];
  let asked = 0;

  /** @param {import("../types").State} of @returns {import("../types").Span} */
  function spanOf(of) {
    if (of.from !== null && of.to !== null) {
      return { startAt: of.from, endAt: of.to, first: zone.date(of.from), next: addDays(zone.date(of.to - 1), 1) };
    }
    const { first, next } = daysOf(of.view, of.day, around.firstDay, today());
    return { startAt: zone.start(first), endAt: zone.start(next), first, next };
  }

  /** @param {Partial<import("../types").State>} change @param {{push?: boolean}} how */
  function set(change, { push = true } = {}) {
    state = { ...state, ...change };
    const address = `${location.pathname}${writeState(state, today())}${location.hash}`;
    if (push) history.pushState(null, "", address);
    else history.replaceState(null, "", address);
    around.onState(state);
    if (RETRY.some((key) => key in change)) load();
    else draw();
  }

  async function load() {
    const turn = ++asked;
    const wanted = spanOf(state);
    const view = state.from === null ? state.view : "zoom";
    toolbar(wanted);
    byId("charts").setAttribute("aria-busy", "true");
    await guarded(async () => {
      const earlier = state.compare && view !== "all" ? previous(wanted, view) : null;
      const [now, then, covered] = await Promise.all([
        loadSpan(around.systemId, wanted, view, zone),
        earlier ? loadSpan(around.systemId, earlier, view, zone) : null,
        view === "day" || view === "zoom" ? null : ask(`/api/coverage?systemId=${around.systemId}&startTime=${wanted.first}&endTime=${addDays(wanted.next, -1)}`),
      ]);
      if (turn !== asked) return;
      [loaded, before, span] = [now, then, wanted];
      shares = covered ? dayShares(covered, zone) : sharesOf(now.power, around.now());
      draw();
    });
    if (turn === asked) byId("charts").removeAttribute("aria-busy");
  }

  /** The stretch before, of the same length. @param {import("../types").Span} of @param {string} view @returns {import("../types").Span} */
  function previous(of, view) {
    if (view === "zoom") {
      const startAt = of.startAt - (of.endAt - of.startAt);
      return { startAt, endAt: of.startAt, first: zone.date(startAt), next: addDays(zone.date(of.startAt - 1), 1) };
    }
    return spanOf({ ...state, from: null, to: null, day: moved(view, of.first, -1) });
  }

  function draw() {
    toolbar(spanOf(state));
    if (!loaded) return;
    const nowAt = around.now();
    const shift = before ? span.startAt - before.power.from[0] : 0;
    const shown = { power: loaded.power, span, zone, nowAt, before: before?.power ?? null, shift, mode: state.mode, only: state.only };
    drawPower(byId("chart"), shown);
    drawSoc(byId("soc"), shown);
    drawStrip(byId("strip"), span, shares);
    drawBars(byId("bars"), { energy: loaded.energy, span, zone, before: before?.energy ?? null, only: state.only });
    say(byId("bars-title"), t(`chart.energy.${loaded.group}`));
    say(byId("coverage-text"), coverageText(shares));
    fillTotals(byId("totals"), loaded.energy, before ? elapsed(before.energy, nowAt - shift) : null, (key) => loaded && explainTotal(key, loaded, state, zone, set));
    cursor.redraw();
  }

  /** @param {import("../types").Span} of */
  function toolbar(of) {
    const zoomed = state.from !== null;
    segments(byId("views"), VIEWS.map((key) => ({ key, title: t(`view.${key}`) })), zoomed ? "" : state.view, (view) => set({ view, from: null, to: null }));
    say(byId("period"), periodText(state, of, zone));
    byId("zoom-out").hidden = !zoomed;
    for (const id of ["previous", "next"]) /** @type {HTMLButtonElement} */ (byId(id)).disabled = !zoomed && (state.view === "all" || (id === "next" ? of.endAt > around.now() : of.first <= around.firstDay));
    /** @type {HTMLButtonElement} */ (byId("to-today")).disabled = !zoomed && of.startAt <= around.now() && of.endAt > around.now() - 1;
    byId("compare").setAttribute("aria-pressed", String(state.compare));
    byId("mode").setAttribute("aria-pressed", String(state.mode === "lines"));
    legend();
  }

  function legend() {
    const box = byId("legend");
    if (!box.children.length) {
      box.append(...LINES.map((key) => {
        const button = element("button", { type: "button", class: key, "data-key": key }, t(`source.${key}`));
        button.addEventListener("click", () => set({ only: state.only === key ? "" : key }, { push: false }));
        return element("li", {}, button);
      }), element("li", { class: "gap" }, t("legend.gap")), element("li", { class: "estimated" }, t("legend.estimated")));
    }
    for (const button of box.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset.key === state.only));
  }

  /** @param {number} by */
  function step(by) {
    if (state.from === null || state.to === null) return set({ day: moved(state.view, state.day, by) > today() ? today() : moved(state.view, state.day, by) });
    const length = state.to - state.from;
    return set({ from: state.from + by * length, to: state.to + by * length });
  }

  const out = () => state.from !== null && set({ from: null, to: null });
  const seen = () => {
    const track = loaded?.power ?? { from: [], to: [] };
    const size = track.to.filter((to) => to <= around.now()).length || track.to.length;
    return { from: track.from.slice(0, size), to: track.to.slice(0, size) };
  };
  byId("stack").tabIndex = 0;
  byId("stack").setAttribute("role", "group");
  byId("stack").setAttribute("aria-label", t("chart.stackLabel"));
  const cursor = makeCursor(byId("stack"), {
    edges: () => (loaded ? { ...frameOf(byId("chart"), 0), ...span } : null),
    steps: seen,
    onMove: (at) => say(byId("cursor"), at === null || !loaded ? t("history.hint") : cursorText(at, loaded, zone, state.view)),
    onZoom: (from, to) => set(roundedOut(from, to)),
    onOut: out,
  });

  byId("previous").addEventListener("click", () => step(-1));
  byId("next").addEventListener("click", () => step(1));
  byId("to-today").addEventListener("click", () => set({ day: today(), from: null, to: null, view: state.view === "all" ? "day" : state.view }));
  byId("zoom-out").addEventListener("click", out);
  byId("compare").addEventListener("click", () => set({ compare: !state.compare }));
  byId("mode").addEventListener("click", () => set({ mode: state.mode === "lines" ? "stacked" : "lines" }, { push: false }));
  byId("csv").addEventListener("click", () => loaded && saveCsv(loaded.power, titlesOf("W"), zone, `${around.name()} ${span.first}`));
  byId("png").addEventListener("click", () => guarded(() => savePng(byId("stack"), `${around.name()} \u00b7 ${periodText(state, span, zone)}`, `${around.name()} ${span.first}`)));
  addEventListener("popstate", () => {
    state = readState(location.search, today());
    around.onState(state);
    load();
  });
  new ResizeObserver(() => draw()).observe(byId("stack"));
  load();
  return {
    set, get state() { return state; },
    /** Something new was read: load again when it is within what is shown. */
    refresh: () => endOf(span) > around.now() && load(),
  };
}

/** @param {number} from @param {number} to at least twenty minutes, on whole five minutes */
function roundedOut(from, to) {
  const five = 300000;
  const middle = (from + to) / 2;
  const half = Math.max(2 * five, (to - from) / 2);
  return { from: Math.floor((middle - half) / five) * five, to: Math.ceil((middle + half) / five) * five };
}

/** @param {{start: string, read: number[], expected: number[]}} covered @param {import("../types").Zone} zone @returns {[number, number, number | null][]} */
function dayShares({ start, read, expected }, zone) {
  return read.map((count, index) => {
    const day = addDays(start, index);
    return /** @type {[number, number, number | null]} */ ([zone.start(day), zone.start(addDays(day, 1)), expected[index] ? Math.min(1, count / expected[index]) : null]);
  }).reduce((/** @type {[number, number, number | null][]} */ joined, each) => {
    const last = joined.at(-1);
    if (last && last[2] === each[2]) last[1] = each[1];
    else joined.push(each);
    return joined;
  }, []);
}

/** @param {[number, number, number | null][]} shares */
function coverageText(shares) {
  const known = /** @type {[number, number, number][]} */ (shares.filter(([, , share]) => share !== null));
  const length = known.reduce((total, [from, to]) => total + to - from, 0);
  const read = known.reduce((total, [from, to, share]) => total + (to - from) * share, 0);
  return length ? t("chart.coverageText", { percent: Math.floor((1000 * read) / length) / 10 }) : "";
}
