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

/** @param {import("../types").SystemRow} system */
function makeCard(system) {
  let data = snapshot.cards[system.id];
  const state = element("span", { class: "state" });
  const age = element("span", { class: "age" });
  const glance = element("div", { class: "glance" });
  const level = element("i");
  const under = element("div", { class: "under" });
  const fault = element("p", { class: "fault-line", hidden: true });
  const card = element(
    "a", { class: "panel system-card", href: `/dashboard/${system.id}` },
    element("div", { class: "row" }, element("h2", {}, system.displayName), state), glance,
    element("div", { class: "level", "aria-hidden": "true" }, level), under, fault, age,
  );

  function draw() {
    if (!data.latest) {
      card.dataset.mood = "silent";
      say(state, t("overview.state.silent"));
      under.replaceChildren(element("span", {}, data.error ?? t("overview.noReading")));
      return;
    }
    const { power, soc, energy, system: device } = data.latest;
    const watts = /** @type {Record<string, import("../types").Maybe>} */ ({ solar: power.solarW, load: power.loadW, battery: power.batteryW, grid: power.gridW });
    glance.replaceChildren(...POWERS.map((key) => element(
      "div", { class: key }, element("span", {}, words(key, watts[key])), element("b", { class: "value" }, joined(format.watts(size(key, watts[key])))),
    )));
    level.style.width = `${soc.battery ?? 0}%`;
    const today = energy.today ?? {};
    under.replaceChildren(
      element("span", {}, `${t("source.battery")} `, element("b", {}, soc.battery === null ? NOTHING : `${format.decimal(soc.battery, 0)} %`)),
      element("span", {}, `${t("today.solar")} `, element("b", {}, joined(format.kwh(today.solarKwh)))),
      element("span", {}, `${t("today.sufficiency")} `, element("b", {}, format.percent(selfSufficiency(today.loadKwh, today.gridInKwh)))),
    );
    show(fault, faultKey(data.vendorType, device.faultCode) ? t("overview.fault", { code: device.faultCode ?? 0 }) : "");
    tick();
  }

  function tick() {
    if (!data.latest) return;
    const seconds = ageSeconds(data.latest, Date.now() + skewMs);
    const found = mood(seconds, data.freshness.cadenceS);
    if (card.dataset.mood !== found) card.dataset.mood = found;
    say(state, t(`overview.state.${system.isActive ? found : "paused"}`));
    say(age, t("age.fresh", { age: ageText(seconds) }));
  }

  async function refresh() {
    data = await ask(`/api/data?systemId=${system.id}`);
    draw();
  }

  /** @param {import("../types").Reading} reading */
  function take(reading) {
    if (!data.latest) guarded(refresh);
    else if (Date.parse(reading.timestamp) >= Date.parse(data.latest.timestamp)) {
      data.latest = { ...reading, energy: { ...data.latest.energy, total: reading.energy.total } };
      draw();
    }
  }

  draw();
  return { card, tick, refresh, take };
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
  const cards = snapshot.systems.map((system) => ({ system, ...makeCard(system) }));
  byId("cards").replaceChildren(...cards.map(({ card }) => element("li", {}, card)));
  const live = new Set(cards.slice(0, MOST_STREAMS));
  for (const each of live) listen(each.system.id, { onReading: each.take, onReload: () => guarded(each.refresh), onState: () => {} });
  setInterval(() => cards.forEach(({ tick }) => tick()), 1000);
  setInterval(() => document.hidden || cards.forEach((each) => guarded(each.refresh)), REFRESH_MS);
  setInterval(() => document.hidden || cards.filter((each) => !live.has(each)).forEach((each) => guarded(each.refresh)), REFRESH_MS / 4);
}

start();
