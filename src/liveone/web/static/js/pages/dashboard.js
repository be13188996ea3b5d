// The page of one system: the snapshot that came with it at once, then every new reading as it comes.

import { NOTHING, clock, joined, moment } from "../core/format.js";
import { missing } from "../core/parts.js";
import { makeZone } from "../core/zone.js";
import { explain, closable } from "../history/explain.js";
import { fillFaults } from "../history/faults.js";
import { makeHeat } from "../history/heatmap.js";
import { History } from "../history/history.js";
import { Points } from "../history/points.js";
import { fillTable } from "../history/table.js";
import { fillBalance } from "../now/balance.js";
import { makeFlow } from "../now/flow.js";
import { fillBattery, fillToday } from "../now/panels.js";
import { ageText, emptyText, fillStatus } from "../now/status.js";
import { ageSeconds } from "../core/freshness.js";
import { ask } from "../ui/api.js";
import { byId, element, one, say, segments, show } from "../ui/dom.js";
import { frame, guarded, leaveIfSignedOut, said } from "../ui/frame.js";
import { listen } from "../ui/live.js";
import { now, setNow } from "../ui/now.js";
import { at } from "../ui/root.js";
import { format, snapshot, t } from "../ui/text.js";
import { fillAbout } from "./about.js";

const REFRESH_MS = 60000;
const INTERVAL_MS = 300000;

const systemId = Number(/\/dashboard\/(\d+)/.exec(location.pathname)?.[1] ?? 0);
let data = snapshot.data;
let reading = data.latest;
const isEmpty = Boolean(data.systemInfo) && !reading;
const around = { link: "", trouble: isEmpty ? emptyText(data) : data.error ?? "" };

const zone = makeZone(data.timeZone ?? { offsetMin: 0, name: null });

/** @type {((reading: import("../types").Reading, soc: number | null) => void) | null} */
let flow = null;
/** @type {History | null} */
let past = null;
const points = new Points(systemId, zone, now);

function tick() {
  const newestAt = past?.newestAt ?? null;
  show(byId("up-to"), newestAt === null ? "" : t("history.upTo", { time: clock(newestAt, zone), age: ageText((now() - newestAt) / 1000) }));
  if (reading) fillStatus(reading, data, now(), zone, around);
  else if (around.trouble) {
    byId("notice").classList.toggle("late", isEmpty);
    show(byId("notice"), around.trouble);
  }
}

/** @param {import("../types").Reading} next */
function showReading(next) {
  if (reading && Date.parse(next.timestamp) < Date.parse(reading.timestamp)) return;
  const crossed = reading && interval(next) !== interval(reading);
  if (reading?.system.faultCode !== next.system.faultCode && past) guardedQuietly(loadFaults);
  reading = next;
  flow ??= makeFlow(byId("flow"));
  flow(next, next.soc.battery);
  fillBalance(byId("balance"), one(".losses .value"), next);
  fillBattery(next, data, now(), zone);
  tick();
  guarded(() => points.refresh());
  if (crossed) {
    past?.refresh();
    guardedQuietly(loadData);
  }
}

/** A moment between readings: it moves the picture, and no history. @param {import("../types").Reading} next */
function showNow(next) {
  if (document.hidden) return;
  flow ??= makeFlow(byId("flow"));
  flow(next, next.soc.battery);
  fillBalance(byId("balance"), one(".losses .value"), next);
}

/** @param {import("../types").Reading} of */
function interval(of) {
  return Math.ceil(Date.parse(of.timestamp) / INTERVAL_MS);
}

function showData() {
  document.body.dataset.without = missing(data).join(" ");
  fillToday(data);
  table();
  fillAbout(byId("about"), data, zone, now());
  showReading(data.latest);
}

function table() {
  const unit = past?.state.unit ?? "kwh";
  const start = zone.start(zone.date(now() - 1));
  const yesterday = data.historical?.yesterday;
  const before = yesterday ? zone.start(yesterday.date) : start;
  segments(byId("units"), [{ key: "kwh", title: "kWh" }, { key: "w", title: t("energy.meanW") }], unit, (key) => past?.set({ unit: key }, { push: false }));
  fillTable(byId("energy"), data, unit, { today: (now() - start) / 3600000, yesterday: (start - before) / 3600000 }, zone);
}

async function loadData() {
  data = await ask(`/api/data?systemId=${systemId}`);
  setNow(Date.parse(data.latest.receivedTime) + data.freshness.ageS * 1000);
  showData();
}

/** What fails here is said with the status, and goes when it works again. @param {() => Promise<void>} work */
async function guardedQuietly(work) {
  try {
    await work();
    around.trouble = "";
  } catch (error) {
    leaveIfSignedOut(error);
    around.trouble = error instanceof Error ? said(error) : String(error);
  }
  tick();
}

/** @param {string} key */
function explainNow(key) {
  const power = reading.power;
  const received = moment(Date.parse(reading.receivedTime), now(), zone, format);
  /** @type {Record<string, import("../types").Maybe | undefined>} */
  const watts = { solar: power.solarW, load: power.loadW, battery: power.batteryW, grid: power.gridW, losses: power.lossesW };
  const lines = /** @type {[string, string][]} */ ([[t("explain.received"), `${received} (${ageText(ageSeconds(reading, now()))})`]]);
  if (key in watts) lines.unshift([t("explain.value"), joined(format.watts(watts[key]))]);
  if (key === "solar") lines.push([t("explain.parts"), `${joined(format.watts(power.solarInverterW))} AC + ${joined(format.watts(power.shuntW))} DC`]);
  if (key === "losses") lines.push([t("explain.formula"), [power.solarW, power.batteryW, power.gridW].map((w) => joined(format.watts(w))).join(" + ") + ` \u2212 ${joined(format.watts(power.loadW))}`]);
  if (key === "soc") lines.push([t("explain.capacity"), data.battery?.capacityKwh ? joined(format.kwh(data.battery.capacityKwh)) : NOTHING]);
  explain(t(`title.${key}`), { key, lines });
}

function chooseSystem() {
  const picker = /** @type {HTMLSelectElement} */ (byId("systems"));
  picker.replaceChildren(...snapshot.systems.map(({ id, displayName }) => element("option", { value: id }, displayName)));
  picker.value = String(systemId);
  one(".picker").hidden = snapshot.systems.length < 2;
  byId("name").classList.toggle("hidden", snapshot.systems.length > 1);
  picker.addEventListener("change", () => location.assign(at(`/dashboard/${picker.value}${location.search}`)));
}

function startHistory() {
  const firstAt = snapshot.extent.first ? Date.parse(snapshot.extent.first) : now();
  const heat = makeHeat({
    systemId, zone, firstAt, now, latest: () => reading, onHeat: (key) => past?.set({ heat: key }, { push: false }),
    onPick: (day) => {
      past?.set({ view: "day", day, from: null, to: null });
      byId("views").scrollIntoView({ block: "nearest" });
    },
  });
  const follow = (/** @type {import("../types").State} */ state) => {
    guarded(() => heat.show(state.day, state.heat));
    if (data.latest) table();
  };
  past = new History({ systemId, zone, firstAt, firstDay: zone.date(firstAt), now, readAt: () => Date.parse(reading.timestamp), name: () => data.displayName, latest: () => reading, onState: follow, onDrawn: (of) => points.draw(of), pointsAt: (at) => points.at(at) });
  const shown = past;
  past.ready.then(() => requestIdleCallback(() => {
    follow(shown.state);
    guarded(loadFaults);
    guarded(() => points.load());
  }, { timeout: 300 }));
}

async function loadFaults() {
  const found = await ask(`/api/faults?systemId=${systemId}`);
  fillFaults(byId("faults"), found, { vendor: data.vendorType, latest: data.latest.timestamp, zone, nowAt: now() });
}

/** A system without any reading: what is known of it, and why there is nothing; the first reading brings the rest. */
function showEmpty() {
  for (const part of document.querySelectorAll("main > section, .pair > section:first-child")) /** @type {HTMLElement} */ (part).hidden = true;
  if (data.systemInfo) fillAbout(byId("about"), data, zone, now());
  else one(".pair").hidden = true;
  byId("faults-title").hidden = true;
  byId("faults").hidden = true;
}

function start() {
  frame("dashboard");
  closable();
  chooseSystem();
  document.addEventListener("click", (event) => {
    const key = event.target instanceof Element ? event.target.closest("[data-explain]")?.getAttribute("data-explain") : null;
    if (key && reading) explainNow(key);
  });
  if (data.timeZone) say(byId("times"), t("footer.times", { zone: zone.label(now()) }));
  if (reading) startHistory();
  afterPaint(() => {
    if (reading) showData();
    else showEmpty();
    tick();
    if (data.displayName) stayLive();
  });
}

/** The page came with its newest values: let them be seen before anything is drawn. @param {() => void} work */
function afterPaint(work) {
  if (document.hidden) work();
  else requestAnimationFrame(() => setTimeout(work));
}

/** Every new reading as it comes, and everything else once a minute. */
function stayLive() {
  listen(systemId, {
    onReading: (next) => (reading ? showReading(next) : location.reload()),
    onNow: (next) => reading && showNow(next),
    onReload: () => reading && guardedQuietly(loadData),
    onState: (state) => {
      around.link = state;
      tick();
    },
  });
  setInterval(tick, 1000);
  const again = () => document.hidden || !reading || guardedQuietly(loadData);
  setInterval(again, REFRESH_MS);
  document.addEventListener("visibilitychange", again);
}

start();
