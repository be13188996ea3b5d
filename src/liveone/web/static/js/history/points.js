// What a system measures beyond its balance: a list with the newest values, and those that are chosen as curves below
// the other charts. A house without points asks once, and shows nothing.

import { NOTHING, joined } from "../core/format.js";
import { indexAt, thinned } from "../core/shape.js";
import { drawLines } from "../charts/lines.js";
import { ask } from "../ui/api.js";
import { byId, element } from "../ui/dom.js";
import { guarded } from "../ui/frame.js";
import { format, t } from "../ui/text.js";
import { ageText } from "../now/status.js";
import { history } from "./load.js";

const HUES = 6;
const PAUSE_MS = 10000;
const LATE_MS = 900000;

/** @typedef {{id: number, source: string, key: string, name: string, kind: string, unit: string, value: import("../types").Maybe, at: string | null}} Point */
/** @typedef {import("./history.js").History} History */

export class Points {
  /** @type {Point[]} */
  known = [];
  /** @type {number[]} */
  chosen;
  askedAt = 0;
  /** What is drawn, and what it was asked with. @type {{of: string, track: import("../types").Track} | null} */
  loaded = null;
  /** @type {History | null} */
  past = null;

  /** @param {number} systemId @param {import("../types").Zone} zone @param {() => number} now */
  constructor(systemId, zone, now) {
    this.systemId = systemId;
    this.zone = zone;
    this.now = now;
    this.kept = `liveone-points-${systemId}`;
    this.chosen = remembered(this.kept);
  }

  async load() {
    this.askedAt = Date.now();
    const answer = await ask(`/api/systems/${this.systemId}/points`);
    this.known = answer.points;
    const there = this.known.map(({ id }) => id);
    this.chosen = this.chosen.filter((id) => there.includes(id));
    byId("points").hidden = !this.known.length;
    this.fill();
    if (this.past) this.draw(this.past);
  }

  /** A reading came: its points are asked for, at most every ten seconds. */
  async refresh() {
    // Nobody sees a hidden tab; what it missed is asked for when the next reading comes after it is shown.
    if (this.known.length && !document.hidden && Date.now() - this.askedAt >= PAUSE_MS) await this.load();
  }

  fill() {
    const rows = this.known.map((point) => row(point, this.hueOf(point.id), this.now(), () => this.toggle(point.id)));
    byId("points-list").replaceChildren(...rows);
  }

  /** @param {number} id */
  toggle(id) {
    this.chosen = this.chosen.includes(id) ? this.chosen.filter((each) => each !== id) : [...this.chosen, id].slice(-HUES);
    remember(this.kept, this.chosen);
    this.fill();
    if (this.past) this.draw(this.past);
  }

  /** @param {number} id */
  hueOf(id) {
    const place = this.chosen.indexOf(id);
    return place < 0 ? "" : `point-${place}`;
  }

  /** @param {History} of */
  draw(of) {
    this.past = of;
    const wanted = this.known.filter(({ id }) => this.chosen.includes(id));
    if (!wanted.length || !of.loaded) {
      this.loaded = null;
      byId("points-charts").replaceChildren();
      return;
    }
    const steps = of.loaded.steps ?? { interval: "auto", points: 1000 };
    const asked = [wanted.map(({ id }) => id), of.span.startAt, of.span.endAt, of.readAt, JSON.stringify(steps)].join("|");
    if (this.loaded?.of === asked) this.show(of, wanted, this.loaded.track);
    else {
      guarded(async () => {
        const track = await history(this.systemId, of.span, wanted.map(({ id }) => `point:${id}`), steps, this.zone);
        this.loaded = { of: asked, track };
        if (this.past === of) this.show(of, wanted, track);
      });
    }
  }

  /** A chart for each unit. @param {History} of @param {Point[]} wanted @param {import("../types").Track} track */
  show(of, wanted, track) {
    const thin = thinned(track, of.size.width);
    const units = [...new Set(wanted.map(({ unit }) => unit))];
    byId("points-charts").replaceChildren(...units.map((unit) => {
      const mine = wanted.filter((point) => point.unit === unit);
      const box = element("div", { class: "chart" });
      const lines = mine.map(({ id }) => ({ hue: this.hueOf(id), values: thin.values[`point:${id}`] ?? [] }));
      const names = mine.map(({ id, name }) => element("span", { class: `chip ${this.hueOf(id)}` }, name));
      drawLines(box, t("points.chart", { unit, names: mine.map(({ name }) => name).join(", ") }), {
        size: of.size, span: of.span, zone: this.zone, track: thin, lines, text: (value) => figure(value, unit),
      });
      return element("figure", {}, element("figcaption", {}, unit === "W" ? "kW" : unit, ...names), box);
    }));
  }

  /** The values of what is drawn at a moment. @param {number} at @returns {Node[]} */
  at(at) {
    if (!this.loaded) return [];
    const { track } = this.loaded;
    const index = indexAt(track.from, track.to, at);
    return this.known.filter(({ id }) => track.values[`point:${id}`]).map((point) => (
      element("span", { class: `chip ${this.hueOf(point.id)}` }, `${point.name} `, element("b", {}, valueText(point, track.values[`point:${point.id}`][index])))
    ));
  }
}

/** @param {Point} point @param {string} hue @param {number} nowAt @param {() => void} onChoose */
function row(point, hue, nowAt, onChoose) {
  const age = point.at === null ? Infinity : nowAt - Date.parse(point.at);
  const late = age > LATE_MS;
  const button = element(
    "button", { type: "button", class: `point ${hue}`, "aria-pressed": String(hue !== "") },
    element("span", { class: "title" }, point.name, ...(point.source ? [element("small", {}, point.source)] : [])),
    element("b", { class: `value${late ? " late" : ""}` }, valueText(point, point.value)),
    ...(late && point.at !== null ? [element("small", { class: "age" }, ageText(age / 1000))] : []),
  );
  button.addEventListener("click", onChoose);
  return element("li", {}, button);
}

/** @param {Point} point @param {import("../types").Maybe | undefined} value */
function valueText({ unit, kind }, value) {
  if (value === null || value === undefined) return NOTHING;
  if (unit === "W") return joined(format.watts(value));
  if (unit === "kWh" && kind !== "counter") return joined(format.kwh(value));
  return joined({ number: number(value), unit });
}

/** Three digits, more of large numbers. @param {number} value */
function number(value) {
  const size = Math.abs(value);
  return format.decimal(value, Number.isInteger(value) || size >= 1000 ? 0 : size >= 100 ? 1 : 2);
}

/** A mark at the side of a chart. @param {number} value @param {string} unit */
function figure(value, unit) {
  if (unit === "W") return format.decimal(value / 1000, 1);
  return format.decimal(value, Number.isInteger(value) ? 0 : Math.abs(value) >= 10 ? 1 : 2);
}

/** @param {string} key @returns {number[]} */
function remembered(key) {
  try {
    const found = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(found) ? found.filter(Number.isInteger).slice(-HUES) : [];
  } catch {
    return [];
  }
}

/** @param {string} key @param {number[]} chosen */
function remember(key, chosen) {
  try {
    localStorage.setItem(key, JSON.stringify(chosen));
  } catch {
    // A browser that keeps nothing forgets the choice with the page.
  }
}
