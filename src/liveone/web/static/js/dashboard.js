// The page of one system: fetch what is known, listen for what is new, let every age run.

import { ask, send } from "./api.js";
import { cursorText, draw, LINES } from "./chart.js";
import { byId, element, show } from "./dom.js";
import { fillTable } from "./energy.js";
import { localDate, localTime, offsetMs, offsetText } from "./format.js";
import { listen } from "./live.js";
import { ageCards, buildCards, faultText, fillCards } from "./now.js";

const REFRESH_MS = 60000;
const INTERVAL_MS = 300000;
const DAY_MS = 86400000;
const SILENT_S = 900;
const NARROWEST = 280;

const state = { systemId: 0, reading: null, data: null, history: null, skewMs: 0, trouble: "", link: "", mood: "" };

function serverNow() {
  return Date.now() + state.skewMs;
}

// A device clock that is far off says nothing of the age: then count from when the reading reached us.
function ageSeconds(reading) {
  const taken = Date.parse(reading.timestamp);
  const received = Date.parse(reading.receivedTime);
  const believed = Math.abs(received - taken) < 10 * 60000 ? taken : received;
  return (serverNow() - believed) / 1000;
}

function tick() {
  if (!state.reading) return;
  const seconds = ageSeconds(state.reading);
  const late = seconds > 3 * (state.data?.freshness.cadenceS ?? 60);
  const mood = seconds > SILENT_S ? "silent" : late ? "late" : "fresh";
  state.mood = mood;
  ageCards(byId("now"), seconds, mood);
  if (state.link) showLink();
  byId("notice").classList.toggle("late", mood === "late");
  const text = [state.trouble, mood === "fresh" ? "" : reason(), frozen()].filter(Boolean).join(" ");
  if (byId("notice").textContent !== text) show(byId("notice"), text);
}

function reason() {
  const { polling } = state.data ?? {};
  const since = `No new reading since ${clock(state.reading.timestamp)}.`;
  if (!polling) return since;
  if (!polling.isActive) return `${since} Polling of this system is switched off.`;
  if (polling.consecutiveErrors && polling.lastError) return `${since} The last poll failed: ${polling.lastError}`;
  return `${since} LiveOne has heard nothing newer from the inverter or its portal.`;
}

function frozen() {
  const names = state.data?.freshness.frozenCounters ?? [];
  return names.length ? `Counters that stand still although power flows: ${names.join(", ").replaceAll("_", " ")}.` : "";
}

function clock(iso) {
  const today = localDate(new Date(serverNow() + offsetMs(iso)).toISOString());
  return localDate(iso) === today ? localTime(iso) : `${localDate(iso)} ${localTime(iso)}`;
}

function showReading(reading) {
  if (state.reading && Date.parse(reading.timestamp) < Date.parse(state.reading.timestamp)) return;
  const crossed = !state.reading || interval(reading) !== interval(state.reading);
  state.reading = reading;
  fillCards(byId("now"), reading);
  show(byId("fault"), faultText(reading.system, clock));
  tick();
  if (crossed) guarded(loadHistory);
}

function interval(reading) {
  return Math.ceil(Date.parse(reading.timestamp) / INTERVAL_MS);
}

async function loadData() {
  const data = await ask(`/api/data?systemId=${state.systemId}`);
  state.data = data;
  state.skewMs = Date.parse(data.latest.timestamp) + data.freshness.ageS * 1000 - Date.now();
  document.title = `${data.displayName} - LiveOne`;
  show(byId("name"), data.displayName);
  const zone = data.timeZone.name ?? offsetText(data.latest.timestamp);
  show(byId("times"), `All times are the system's local time, ${zone}.`);
  showReading(data.latest);
  fillTable(byId("energy"), data.latest, data.historical.yesterday);
}

async function loadHistory() {
  const here = serverNow() + offsetMs(state.reading.timestamp);
  const day = new Date(here - 1).toISOString().slice(0, 10);
  const next = new Date(Date.parse(day) + DAY_MS).toISOString().slice(0, 10);
  const query = `interval=5m&fields=${LINES.map(({ key }) => key).join(",")}&startTime=${day}&endTime=${next}`;
  const history = await ask(`/api/history?systemId=${state.systemId}&${query}`);
  state.history = { first: history.data[0].history.start, series: {}, day };
  LINES.forEach(({ key }, index) => { state.history.series[key] = history.data[index].history.data; });
  drawChart();
}

function drawChart() {
  if (!state.history) return;
  const { first, series, day } = state.history;
  const size = series.solar.length;
  const seen = Math.max(0, Math.min(size, Math.floor((serverNow() - Date.parse(first)) / INTERVAL_MS) + 1));
  const style = getComputedStyle(byId("chart"));
  const width = Math.max(NARROWEST, byId("chart").clientWidth - parseFloat(style.paddingLeft) * 2);
  const read = series.load.filter((value) => value !== null).length;
  const label = `Power on ${day} in five-minute means; ${read} of ${seen} intervals so far have a reading.`;
  const onCursor = (index) => show(byId("cursor"), cursorText(series, index, clockAt(first, index)));
  draw(byId("chart"), { series, stepMin: 5, dayMin: size * 5, seen, width, label, onCursor });
}

function clockAt(first, index) {
  const end = Date.parse(first) + offsetMs(first) + index * INTERVAL_MS;
  const text = (at) => new Date(at).toISOString().slice(11, 16);
  return `${text(end - INTERVAL_MS)}\u2013${text(end)}`;
}

async function guarded(work) {
  try {
    await work();
    state.trouble = "";
  } catch (error) {
    if (error.status === 401) location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
    state.trouble = error.message;
    show(byId("notice"), error.message);
  }
}

async function loadFrame() {
  const { systems, signedIn } = await ask("/api/systems");
  byId("sign-out").hidden = !signedIn;
  state.systemId = Number(/\/dashboard\/(\d+)/.exec(location.pathname)?.[1] ?? systems[0]?.id ?? 0);
  if (!systems.length) throw new Error("No system is set up here yet. Add one with: liveone systems add");
  const picker = byId("systems");
  picker.replaceChildren(...systems.map(({ id, displayName }) => element("option", { value: id }, displayName)));
  picker.value = state.systemId;
  picker.parentElement.hidden = systems.length < 2;
  picker.addEventListener("change", () => location.assign(`/dashboard/${picker.value}`));
}

async function signOut() {
  await send("/api/auth/logout", {});
  location.assign("/login");
}

// "live" is a promise about the data: an open stream that brings nothing is only "connected".
function showLink() {
  const word = state.link !== "live" ? "reconnecting" : state.mood === "fresh" ? "live" : "connected";
  byId("link").dataset.state = word;
  if (byId("link").textContent !== word) show(byId("link"), word);
}

function linked(link) {
  state.link = link;
  showLink();
}

async function start() {
  buildCards(byId("now"));
  byId("legend").replaceChildren(
    ...LINES.map(({ key, title }) => element("li", { class: key }, title)),
    element("li", { class: "gap" }, "No readings"),
  );
  byId("sign-out").addEventListener("click", () => guarded(signOut));
  await guarded(loadFrame);
  if (!state.systemId) return;
  await guarded(loadData);
  listen(state.systemId, { onReading: showReading, onReload: () => guarded(loadData), onState: linked });
  setInterval(tick, 1000);
  setInterval(() => document.hidden || guarded(loadData), REFRESH_MS);
  document.addEventListener("visibilitychange", () => document.hidden || guarded(loadData));
  addEventListener("resize", drawChart);
  guarded(showRelease);
}

async function showRelease() {
  const { release } = await ask("/api/health");
  show(byId("release"), `LiveOne ${release}`);
}

start();
