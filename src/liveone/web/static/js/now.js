// The values of now, each with its age. One reading fills all cards, so they are of one moment.

import { element } from "./dom.js";
import { ageText, batteryWords, gridWords, NOTHING, watts } from "./format.js";

const CARDS = [
  { key: "solar", title: "Solar", of: (r) => power(r.power.solarW, producing(r.power.solarW)) },
  { key: "battery", title: "Battery", of: (r) => flow(r.power.batteryW, batteryWords) },
  { key: "grid", title: "Grid or generator", of: (r) => flow(r.power.gridW, gridWords) },
  { key: "load", title: "House", of: (r) => power(r.power.loadW, "in use") },
  { key: "losses", title: "Unmeasured", of: (r) => power(r.power.lossesW, "solar + battery + grid \u2212 house") },
  { key: "soc", title: "State of charge", of: (r) => charge(r.soc.battery) },
];

export function buildCards(list) {
  list.replaceChildren(...CARDS.map(card));
}

function card({ key, title }) {
  return element(
    "li",
    { class: `card ${key}`, "data-key": key },
    element("h3", {}, title),
    element("p", { class: "value" }, NOTHING),
    ...(key === "soc" ? [element("meter", { min: 0, max: 100, value: 0, "aria-hidden": "true" })] : []),
    element("p", { class: "words" }),
    element("p", { class: "age" }),
  );
}

export function fillCards(list, reading) {
  for (const { key, of } of CARDS) {
    const node = list.querySelector(`[data-key="${key}"]`);
    const { number, unit, words, level } = of(reading);
    node.querySelector(".value").replaceChildren(number, element("small", {}, unit ? ` ${unit}` : ""));
    node.querySelector(".words").textContent = words;
    const meter = node.querySelector("meter");
    if (meter) {
      meter.hidden = level === null;
      meter.value = level ?? 0;
    }
  }
}

// `state` is fresh, late (amber) or silent (grey, with the reason).
export function ageCards(list, seconds, state) {
  const text = state === "silent" ? `stale, ${ageText(seconds)}` : ageText(seconds);
  for (const node of list.children) {
    node.classList.toggle("late", state === "late");
    node.classList.toggle("silent", state === "silent");
    node.querySelector(".age").textContent = text;
  }
}

export function faultText(system, fault) {
  if (!system.faultCode) return "";
  const since = system.faultTimestamp ? ` since ${fault(system.faultTimestamp)}` : "";
  return `The inverter reports fault ${system.faultCode}${since}. Its manual or installer knows what that code means.`;
}

function power(w, words) {
  return { ...watts(w), words: w === null ? "not reported" : words };
}

function flow(w, say) {
  return { ...watts(w === null ? null : Math.abs(w)), words: say(w) };
}

function charge(pct) {
  if (pct === null) return { number: NOTHING, unit: "", words: "not reported", level: null };
  return { number: pct.toFixed(1), unit: "%", words: "of the battery", level: pct };
}

function producing(w) {
  return w > 25 ? "producing" : "next to nothing";
}
