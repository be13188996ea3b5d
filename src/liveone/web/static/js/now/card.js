// One system as a card of the overview: flow, state of charge, today, age, fault.

import { selfSufficiency } from "../core/energy.js";
import { direction, magnitude, sourceKey, stateOf, wayKey } from "../core/flows.js";
import { faultKey } from "../core/faults.js";
import { needsAttention, standing } from "../core/fleet.js";
import { NOTHING, duration, joined } from "../core/format.js";
import { ageSeconds } from "../core/freshness.js";
import { missing } from "../core/parts.js";
import { element, say, show, svg } from "../ui/dom.js";
import { format, t } from "../ui/text.js";
import { makeMini } from "./mini.js";
import { ageText, emptyText, stuck } from "./status.js";

const SPOTS = ["solar", "load", "grid", "battery"];

export class Card {
  /** @param {import("../types").SystemRow} system @param {import("../types").Card} data */
  constructor(system, data) {
    this.system = system;
    this.data = data;
    this.state = element("span", { class: "state" });
    this.age = element("span", { class: "age" });
    this.drawing = svg("svg", { "aria-hidden": "true", focusable: "false" });
    this.mini = makeMini(this.drawing);
    this.spots = Object.fromEntries(SPOTS.map((key) => [key, { words: element("span", {}), value: element("b", { class: "value" }, NOTHING) }]));
    this.level = element("i");
    this.charge = element("p", { class: "charge-line" });
    this.battery = element("div", { class: "battery-line", "data-of": "battery" }, this.charge, element("div", { class: "level", "aria-hidden": "true" }, this.level));
    this.today = element("div", { class: "today-line" });
    this.fault = element("p", { class: "fault-line", hidden: true });
    this.still = element("p", { class: "still-line", hidden: true });
    this.reason = element("p", { class: "reason-line", hidden: true });
    this.node = element("li", {}, element(
      "div", { class: "panel system-card" },
      element("div", { class: "row" }, element("h2", {}, element("a", { href: `/dashboard/${system.id}` }, system.displayName)), this.state),
      element("div", { class: "mini" }, ...SPOTS.map((key) => element("div", { class: `spot ${key}`, "data-of": key }, this.spots[key].words, this.spots[key].value)), this.drawing),
      this.battery, this.today, this.reason, this.still, this.fault, this.age,
    ));
  }

  /** @param {number} nowMs */
  stands(nowMs) {
    return standing(this.data, this.system.isActive, nowMs);
  }

  /** @param {number} nowMs */
  attention(nowMs) {
    return needsAttention(this.stands(nowMs), this.data);
  }

  /** @param {number} nowMs */
  draw(nowMs) {
    const { latest } = this.data;
    show(this.reason, latest ? "" : emptyText(this.data));
    this.node.classList.toggle("empty", !latest);
    if (latest) this.#fill(latest);
    this.tick(nowMs);
  }

  /** @param {import("../types").Reading} latest */
  #fill(latest) {
    const { power, soc, energy, system } = latest;
    const watts = /** @type {Record<string, import("../types").Maybe>} */ ({ solar: power.solarW, load: power.loadW, battery: power.batteryW, grid: power.gridW });
    for (const key of SPOTS) {
      say(this.spots[key].words, words(key, watts[key], latest));
      say(this.spots[key].value, joined(format.watts(key === "battery" || key === "grid" ? magnitude(watts[key]) : watts[key])));
    }
    this.node.dataset.without = missing(this.data).join(" ");
    this.mini(power, soc.battery);
    this.level.style.width = `${soc.battery ?? 0}%`;
    this.charge.replaceChildren(element("b", {}, format.pct(soc.battery)), ` ${rate(power, this.data)}`);
    const today = energy.today ?? {};
    this.today.replaceChildren(
      fact("today.solar", joined(format.kwh(today.solarKwh)), energy.quality?.solarKwh),
      fact("today.load", joined(format.kwh(today.loadKwh)), energy.quality?.loadKwh),
      fact("today.sufficiency", format.percent(selfSufficiency(today.loadKwh, today.gridInKwh)), null),
    );
    show(this.still, stuck(this.data));
    show(this.fault, faultKey(this.data.vendorType, system.faultCode) ? t("overview.fault", { code: system.faultCode ?? 0 }) : "");
  }

  /** @param {number} nowMs */
  tick(nowMs) {
    const stands = this.stands(nowMs);
    if (this.node.dataset.mood !== stands) this.node.dataset.mood = stands;
    say(this.state, t(`overview.state.${stands}`));
    if (this.data.latest) say(this.age, t("age.fresh", { age: ageText(ageSeconds(this.data.latest, nowMs)) }));
  }

  /** A reading that came by itself; today's energies stay those of the last answer. @param {import("../types").Reading} reading @returns {boolean} whether it was newer */
  take(reading) {
    const { latest } = this.data;
    if (!latest || Date.parse(reading.timestamp) < Date.parse(latest.timestamp)) return false;
    this.data.latest = { ...reading, energy: { ...latest.energy, total: reading.energy.total } };
    return true;
  }
}

/** @param {string} title @param {string} value @param {string | null | undefined} quality */
function fact(title, value, quality) {
  return element("div", {}, element("span", {}, t(title)), element("b", quality === "estimated" ? { class: "est" } : {}, value));
}

/** @param {import("../types").Power} power @param {import("../types").Card} data */
function rate(power, { battery }) {
  if (battery && battery.hours !== null && battery.state === stateOf(power.batteryW)) {
    return t(battery.towards === "empty" && battery.reservePct ? "overview.reserveIn" : `overview.${battery.towards}In`, { time: duration(battery.hours), reserve: format.pct(battery.reservePct) });
  }
  return t(power.batteryW === null ? "words.unknown" : direction(power.batteryW, "words.discharging", "words.charging"));
}

/** @param {string} key @param {import("../types").Maybe} w @param {import("../types").Reading} reading */
function words(key, w, reading) {
  if (key === "solar" || key === "load") return t(`source.${key}`);
  const source = key === "grid" ? sourceKey(reading) : "source.battery";
  const way = wayKey(key === "grid" ? "grid" : "battery", w);
  return t(way.startsWith("source.") || source === "source.generator" ? source : way);
}
