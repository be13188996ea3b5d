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

/** @param {number} systemId @param {import("../types").Zone} zone @param {() => number} now */
export function makePoints(systemId, zone, now) {
  const kept = `liveone-points-${systemId}`;
  /** @type {Point[]} */
  let known = [];
  /** @type {number[]} */
  let chosen = remembered(kept);
  let askedAt = 0;
  /** @type {{of: string, track: import("../types").Track} | null} */
  let loaded = null;
  /** @type {History | null} */
  let past = null;

  async function load() {
    askedAt = Date.now();
    const answer = await ask(`/api/systems/${systemId}/points`);
    known = answer.points;
    const there = known.map(({ id }) => id);
    chosen = chosen.filter((id) => there.includes(id));
    byId("points").hidden = !known.length;
    fill();
    if (past) draw(past);
  }

  function fill() {
    byId("points-list").replaceChildren(...known.map((point) => row(point, hueOf(point.id), now(), () => toggle(point.id))));
  }

  /** @param {number} id */
  function toggle(id) {
    chosen = chosen.includes(id) ? chosen.filter((each) => each !== id) : [...chosen, id].slice(-HUES);
    remember(kept, chosen);
    fill();
    if (past) draw(past);
  }

  /** @param {number} id */
  function hueOf(id) {
    const place = chosen.indexOf(id);
    return place < 0 ? "" : `point-${place}`;
  }

  /** @param {History} of */
  function draw(of) {
    past = of;
    const wanted = known.filter(({ id }) => chosen.includes(id));
    if (!wanted.length || !of.loaded) {
      loaded = null;
      byId("points-charts").replaceChildren();
      return;
    }
    const steps = of.loaded.steps ?? { interval: "auto", points: 1000 };
    const asked = [wanted.map(({ id }) => id), of.span.startAt, of.span.endAt, of.readAt, JSON.stringify(steps)].join("|");
    if (loaded?.of === asked) show(of, wanted, loaded.track);
    else {
      guarded(async () => {
        const track = await history(systemId, of.span, wanted.map(({ id }) => `point:${id}`), steps, zone);
        loaded = { of: asked, track };
        if (past === of) show(of, wanted, track);
      });
    }
  }

  /** A chart for each unit. @param {History} of @param {Point[]} wanted @param {import("../types").Track} track */
  function show(of, wanted, track) {
    const units = [...new Set(wanted.map(({ unit }) => unit))];
    byId("points-charts").replaceChildren(...units.map((unit) => {
      const mine = wanted.filter((point) => point.unit === unit);
      const box = element("div", { class: "chart" });
      const thin = thinned(track, of.size.width);
      const lines = mine.map(({ id }) => ({ hue: hueOf(id), values: thin.values[`point:${id}`] ?? [] }));
      const names = mine.map(({ id, name }) => element("span", { class: `chip ${hueOf(id)}` }, name));
      drawLines(box, t("points.chart", { unit, names: mine.map(({ name }) => name).join(", ") }), {
        size: of.size, span: of.span, zone, track: thin, lines, text: (value) => figure(value, unit),
      });
      return element("figure", {}, element("figcaption", {}, unit === "W" ? "kW" : unit, ...names), box);
    }));
  }

  return {
    draw,
    load,
    /** A reading came: its points are asked for, at most every ten seconds. */
    async refresh() {
      if (known.length && !document.hidden && Date.now() - askedAt >= PAUSE_MS) await load();
    },
    /** The values of what is drawn at a moment. @param {number} at @returns {Node[]} */
    at(at) {
      if (!loaded) return [];
      const { track } = loaded;
      const index = indexAt(track.from, track.to, at);
      return known.filter(({ id }) => track.values[`point:${id}`]).map((point) => (
        element("span", { class: `chip ${hueOf(point.id)}` }, `${point.name} `, element("b", {}, valueText(point, track.values[`point:${point.id}`][index])))
      ));
    },
  };
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
