// The history section: which stretch is shown and how, kept in the address; loads it and draws all charts of it.

import { coveragePct, dayShares } from "../core/coverage.js";
import { comparable } from "../core/energy.js";
import { daysOf, moved } from "../core/period.js";
import { readState, writeState } from "../core/state.js";
import { addDays } from "../core/zone.js";
import { barsChart } from "../charts/bars.js";
import { makeCursor } from "../charts/cursor.js";
import { frameOf, measured, withRoomFor } from "../charts/frame.js";
import { drawSoc, drawStrip, sharesOf } from "../charts/level.js";
import { isGap, powerChart } from "../charts/power.js";
import { ask } from "../ui/api.js";
import { byId, say, show } from "../ui/dom.js";
import { guarded } from "../ui/frame.js";
import { t } from "../ui/text.js";
import { saveCsv, savePng } from "./download.js";
import { loadSoFar, loadSpan, loadTable } from "./load.js";
import { fillToolbar, wireToolbar } from "./toolbar.js";
import { fillTotals } from "./totals.js";
import { coverageText, cursorParts, explainTotal, periodText } from "./words.js";

const LOADING = ["view", "day", "from", "to", "compare"];
const FIVE_MIN_MS = 300000;

/**
 * @typedef {{
 *   systemId: number, zone: import("../types").Zone, firstAt: number, firstDay: string, now: () => number, readAt: () => number, name: () => string, latest: () => import("../types").Reading,
 *   onState: (state: import("../types").State) => void, onDrawn: (past: History) => void, pointsAt: (at: number) => Node[],
 * }} Around
 */

export class History {
  /** @param {Around} around */
  constructor(around) {
    this.around = around;
    this.zone = around.zone;
    this.state = readState(location.search, this.today());
    this.span = this.spanOf(this.state);
    /** @type {import("./load.js").Loaded | null} */
    this.loaded = null;
    /** @type {import("./load.js").Loaded | null} */
    this.before = null;
    /** What had flowed before, in the part that still runs now. @type {Record<string, import("../types").Maybe> | null} */
    this.soFar = null;
    /** @type {[number, number, number | null][]} */
    this.shares = [];
    /** @type {import("../types").Size} */
    this.size = { width: 0, unit: 1, left: 0, textWidth: () => 0 };
    this.turn = 0;
    /** When the newest reading was taken that the charts can hold. */
    this.readAt = 0;
    this.cursor = this.#cursor();
    wireToolbar(this);
    // pushState fires no popstate: this is only the reader's own way back or forward.
    addEventListener("popstate", () => {
      this.state = readState(location.search, this.today());
      around.onState(this.state);
      this.load();
    });
    // Not the window's resize: a hidden section has no width, and gets one without the window changing.
    new ResizeObserver(() => this.draw()).observe(byId("stack"));
    this.ready = this.load();
  }

  today() {
    return this.zone.date(this.around.now() - 1);
  }

  /** The end of the newest interval that is shown and known, in a period that still runs. @returns {number | null} */
  get newestAt() {
    const { loaded, span } = this;
    if (!loaded || span.endAt < this.around.now()) return null;
    const last = loaded.power.from.findLastIndex((from, index) => from < this.readAt && !isGap(loaded.power, index));
    return last < 0 ? null : Math.min(loaded.power.to[last], this.readAt);
  }

  get zoomed() {
    return this.state.from !== null;
  }

  /** @param {import("../types").State} of @returns {import("../types").Span} */
  spanOf(of) {
    const { zone } = this;
    if (of.from !== null && of.to !== null) {
      return { startAt: of.from, endAt: of.to, first: zone.date(of.from), next: addDays(zone.date(of.to - 1), 1) };
    }
    const { first, next } = daysOf(of.view, of.day, this.around.firstDay, this.today());
    return { startAt: zone.start(first), endAt: zone.start(next), first, next };
  }

  /** The stretch before, of the same length. @param {import("../types").Span} of @returns {import("../types").Span} */
  spanBefore(of) {
    if (!this.zoomed) return this.spanOf({ ...this.state, day: moved(this.state.view, of.first, -1) });
    const startAt = of.startAt - (of.endAt - of.startAt);
    return { startAt, endAt: of.startAt, first: this.zone.date(startAt), next: addDays(this.zone.date(of.startAt - 1), 1) };
  }

  /** @param {Partial<import("../types").State>} change @param {{push?: boolean}} how */
  set(change, { push = true } = {}) {
    this.state = { ...this.state, ...change };
    const address = `${location.pathname}${writeState(this.state, this.today())}${location.hash}`;
    if (push) history.pushState(null, "", address);
    else history.replaceState(null, "", address);
    this.around.onState(this.state);
    if (LOADING.some((key) => key in change)) this.load();
    else if ("only" in change || "mode" in change) this.draw();
    fillToolbar(this, this.spanOf(this.state));
  }

  async load() {
    const turn = ++this.turn;
    const span = this.spanOf(this.state);
    const view = this.zoomed ? "zoom" : this.state.view;
    fillToolbar(this, span);
    byId("charts").setAttribute("aria-busy", "true");
    await guarded(() => this.#fetch(span, view, turn));
    if (turn === this.turn) byId("charts").removeAttribute("aria-busy");
  }

  /** @param {import("../types").Span} span @param {string} view @param {number} turn an answer that comes too late is dropped */
  async #fetch(span, view, turn) {
    const { systemId } = this.around;
    const readAt = this.around.readAt();
    const byDay = view !== "day" && view !== "zoom";
    const [now, then, covered] = await Promise.all([
      loadSpan(systemId, span, view, this.zone),
      this.state.compare && view !== "all" ? loadSpan(systemId, this.spanBefore(span), view, this.zone) : null,
      byDay ? ask(`/api/coverage?systemId=${systemId}&startTime=${span.first}&endTime=${addDays(span.next, -1)}`) : null,
    ]);
    const soFar = then && (await loadSoFar(systemId, now, then, readAt, this.zone));
    if (turn !== this.turn) return;
    [this.loaded, this.before, this.soFar, this.span, this.readAt] = [now, then, soFar, span, readAt];
    this.shares = covered ? dayShares(covered, { zone: this.zone, firstAt: this.around.firstAt, nowAt: this.around.now() }) : sharesOf(now.power, this.around.now(), this.around.firstAt);
    this.draw();
  }

  /** How far the period before is moved to lie on this one, in ms. */
  get shift() {
    return this.before ? this.span.startAt - this.before.power.from[0] : 0;
  }

  draw() {
    const { loaded, before, span, state, zone } = this;
    fillToolbar(this, this.spanOf(state));
    if (!loaded) return;
    const about = { span, zone, nowAt: this.around.now(), firstAt: this.around.firstAt, power: loaded.power, mode: state.mode, only: state.only };
    const bare = measured(byId("chart"));
    const pair = before ? comparable(loaded.parts, before.parts, this.readAt, this.soFar) : null;
    const power = powerChart({ ...about, size: bare, before: before?.power ?? null, shift: this.shift });
    const bars = barsChart({ ...about, size: bare, energy: loaded.energy, before: pair && before ? before.grouped(pair.before) : null });
    const size = withRoomFor(bare, [...power.labels, ...bars.labels]);
    this.size = size;
    power.draw(byId("chart"), size);
    drawSoc(byId("soc"), { ...about, size });
    drawStrip(byId("strip"), { size, span, shares: this.shares });
    bars.draw(byId("bars"), size);
    show(byId("legend-before"), pair ? this.#beforeText(pair) : "");
    say(byId("bars-title"), t(`chart.energy.${loaded.group}`));
    say(byId("coverage-text"), coverageText(this.shares));
    fillTotals(byId("totals"), loaded.energy, pair, this.around.latest(), (key) => explainTotal(key, loaded, this.around.latest(), zone, (change) => this.set(change)));
    this.around.onDrawn(this);
    this.cursor.redraw();
  }

  /** Which period it is compared with, and how much of both. @param {{common: number, parts: number}} pair */
  #beforeText({ common, parts }) {
    const { span, state, zone } = this;
    const period = periodText({ ...state, from: this.zoomed ? this.spanBefore(span).startAt : null, to: span.startAt }, this.spanBefore(span), zone);
    const unit = this.loaded?.group === "hour" || this.loaded?.group === "part" ? "hours" : "days";
    return common < parts ? `${period} (${t(`compare.${unit}`, { common, parts })})` : period;
  }

  /** One period on or back. @param {number} by */
  step(by) {
    const { from, to, view, day } = this.state;
    if (from !== null && to !== null) {
      this.set({ from: from + by * (to - from), to: to + by * (to - from) });
      return;
    }
    const next = moved(view, day, by);
    this.set({ day: next > this.today() ? this.today() : next });
  }

  zoomOut() {
    if (this.zoomed) this.set({ from: null, to: null });
  }

  saveCsv() {
    return guarded(() => this.#saveCsv());
  }

  async #saveCsv() {
    const { loaded, span, zone, shares, around } = this;
    if (!loaded) return;
    const coverage = loaded.group === "hour" || loaded.group === "part" ? "coverage" : "dayCoverage";
    const table = await loadTable(around.systemId, span, loaded, zone);
    const values = { ...table.values, [coverage]: coveragePct(table, shares) };
    saveCsv({ ...table, values }, zone, `${around.name()} ${span.first}`);
  }

  savePng() {
    const title = `${this.around.name()} \u00b7 ${periodText(this.state, this.span, this.zone)}`;
    return guarded(() => savePng(byId("stack"), byId("legend"), title, `${this.around.name()} ${this.span.first}`));
  }

  /** Something new was read: load again when it is within what is shown. */
  refresh() {
    if (this.span.endAt > this.around.now()) this.load();
  }

  #cursor() {
    return makeCursor(byId("stack"), {
      edges: () => (this.loaded ? { ...frameOf(this.size, 0), ...this.span } : null),
      steps: () => this.#seen(),
      onMove: (at) => byId("cursor").replaceChildren(...(at === null || !this.loaded ? [t("history.hint")] : [...cursorParts(at, this.loaded, this.zone, this.state.view), ...this.around.pointsAt(at)])),
      onZoom: (from, to) => this.set(roundedOut(from, to)),
      onOut: () => this.zoomOut(),
    });
  }

  /** The intervals that have passed. */
  #seen() {
    const track = this.loaded?.power ?? { from: [], to: [] };
    const size = track.to.filter((to) => to <= this.around.now()).length || track.to.length;
    return { from: track.from.slice(0, size), to: track.to.slice(0, size) };
  }
}

/** At least twenty minutes, on whole five minutes. @param {number} from @param {number} to */
function roundedOut(from, to) {
  const middle = (from + to) / 2;
  const half = Math.max(2 * FIVE_MIN_MS, (to - from) / 2);
  return { from: Math.floor((middle - half) / FIVE_MIN_MS) * FIVE_MIN_MS, to: Math.ceil((middle + half) / FIVE_MIN_MS) * FIVE_MIN_MS };
}
