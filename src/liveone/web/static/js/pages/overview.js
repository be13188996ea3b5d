// All systems at a glance: a card each, filled from the page's snapshot and kept true by their streams.

import { selfSufficiency } from "../core/energy.js";
import { faultKey } from "../core/faults.js";
import { NOTHING, joined } from "../core/format.js";
import { ageSeconds, mood } from "../core/freshness.js";
import { ask } from "../ui/api.js";
import { byId, element, say, show } from "../ui/dom.js";
import { frame, guarded } from "../ui/frame.js";
import { listen } from "../ui/live.js";
import { format, snapshot, t } from "../ui/text.js";
import { ageText } from "../now/status.js";

const REFRESH_MS = 60000;
const MOST_STREAMS = 4;
const POWERS = ["solar", "load", "battery", "grid"];

const skewMs = snapshot.now * 1000 - Date.now();

class Card {
  /** @param {import("../types").SystemRow} system */
  constructor(system) {
    this.system = system;
    this.data = snapshot.cards[system.id];
    this.state = element("span", { class: "state" });
    this.age = element("span", { class: "age" });
    this.glance = element("div", { class: "glance" });
    this.level = element("i");
    this.under = element("div", { class: "under" });
    this.fault = element("p", { class: "fault-line", hidden: true });
    this.node = element(
      "a", { class: "panel system-card", href: `/dashboard/${system.id}` },
      element("div", { class: "row" }, element("h2", {}, system.displayName), this.state), this.glance,
      element("div", { class: "level", "aria-hidden": "true" }, this.level), this.under, this.fault, this.age,
    );
    this.draw();
  }

  draw() {
    const { data } = this;
    if (!data.latest) {
      this.node.dataset.mood = "silent";
      say(this.state, t("overview.state.silent"));
      this.under.replaceChildren(element("span", {}, data.error ?? t("overview.noReading")));
      return;
    }
    const { power, soc, energy, system: device } = data.latest;
    const watts = /** @type {Record<string, import("../types").Maybe>} */ ({ solar: power.solarW, load: power.loadW, battery: power.batteryW, grid: power.gridW });
    this.glance.replaceChildren(...POWERS.map((key) => element(
      "div", { class: key }, element("span", {}, words(key, watts[key])), element("b", { class: "value" }, joined(format.watts(size(key, watts[key])))),
    )));
    this.level.style.width = `${soc.battery ?? 0}%`;
    const today = energy.today ?? {};
    this.under.replaceChildren(
      fact("source.battery", soc.battery === null ? NOTHING : `${format.decimal(soc.battery, 0)} %`),
      fact("today.solar", joined(format.kwh(today.solarKwh))),
      fact("today.load", joined(format.kwh(today.loadKwh))),
      fact("today.sufficiency", format.percent(selfSufficiency(today.loadKwh, today.gridInKwh))),
    );
    show(this.fault, faultKey(data.vendorType, device.faultCode) ? t("overview.fault", { code: device.faultCode ?? 0 }) : "");
    this.tick();
  }

  tick() {
    if (!this.data.latest) return;
    const seconds = ageSeconds(this.data.latest, Date.now() + skewMs);
    const found = mood(seconds, this.data.freshness.cadenceS);
    if (this.node.dataset.mood !== found) this.node.dataset.mood = found;
    say(this.state, t(`overview.state.${this.system.isActive ? found : "paused"}`));
    say(this.age, t("age.fresh", { age: ageText(seconds) }));
  }

  async refresh() {
    this.data = await ask(`/api/data?systemId=${this.system.id}`);
    this.draw();
  }

  /** @param {import("../types").Reading} reading */
  take(reading) {
    const { latest } = this.data;
    if (!latest) guarded(() => this.refresh());
    else if (Date.parse(reading.timestamp) >= Date.parse(latest.timestamp)) {
      this.data.latest = { ...reading, energy: { ...latest.energy, total: reading.energy.total } };
      this.draw();
    }
  }
}

/** @param {string} title @param {string} value */
function fact(title, value) {
  return element("span", {}, `${t(title)} `, element("b", {}, value));
}

/** @param {string} key @param {import("../types").Maybe} w */
function size(key, w) {
  return w !== null && (key === "battery" || key === "grid") ? Math.abs(w) : w;
}

/** @param {string} key @param {import("../types").Maybe} w */
function words(key, w) {
  if (w === null || Math.abs(w) <= 25 || key === "solar" || key === "load") return t(`source.${key}`);
  if (key === "battery") return t(w > 0 ? "flow.batteryOut" : "flow.batteryIn");
  return t(w > 0 ? "flow.gridIn" : "flow.gridOut");
}

function start() {
  frame("overview");
  if (!snapshot.systems.length) show(byId("notice"), `${t("overview.none")} ${t("overview.add")}`);
  const cards = snapshot.systems.map((system) => new Card(system));
  const refresh = (/** @type {Card[]} */ some) => document.hidden || some.forEach((card) => guarded(() => card.refresh()));
  byId("cards").replaceChildren(...cards.map(({ node }) => element("li", {}, node)));
  const live = cards.slice(0, MOST_STREAMS);
  for (const card of live) {
    listen(card.system.id, { onReading: (reading) => card.take(reading), onReload: () => guarded(() => card.refresh()), onState: () => {} });
  }
  setInterval(() => cards.forEach((card) => card.tick()), 1000);
  setInterval(() => refresh(live), REFRESH_MS);
  setInterval(() => refresh(cards.slice(MOST_STREAMS)), REFRESH_MS / 4);
}

start();
