// All systems at a glance: a card each, filled from the page's snapshot and kept true by one stream for all.

import { LAYOUTS, SHOWN, isShown, kindsOf, readFleet, together, writeFleet } from "../core/fleet.js";
import { magnitude, wayKey } from "../core/flows.js";
import { joined } from "../core/format.js";
import { Card } from "../now/card.js";
import { ask } from "../ui/api.js";
import { byId, element, one, say, segments, show } from "../ui/dom.js";
import { frame, guarded } from "../ui/frame.js";
import { listen } from "../ui/live.js";
import { now, setNow } from "../ui/now.js";
import { format, snapshot, t } from "../ui/text.js";

const REFRESH_MS = 60000;
const TOOLS_FROM = 4;
const MANY = 24;

let state = readFleet(location.search);
const cards = snapshot.systems.map((system) => new Card(system, snapshot.cards[system.id]));

async function refresh() {
  const answer = await ask("/api/overview");
  setNow(answer.now * 1000);
  for (const card of cards) {
    const next = answer.cards[card.system.id];
    if (next) card.data = next;
    card.draw(now());
  }
  if (Object.keys(answer.cards).length !== cards.length) location.reload();
  show(byId("notice"), "");
  arrange();
}

/** @param {import("../types").Reading & {systemId: number}} reading */
function take(reading) {
  const card = cards.find(({ system }) => system.id === reading.systemId);
  if (!card) return;
  if (!card.data.latest) guarded(refresh);
  else if (card.take(reading)) {
    card.draw(now());
    sums();
  }
}

/** Who is shown, how many there are of each kind, and all of them together. */
function arrange() {
  const known = cards.map((card) => ({ card, kinds: kindsOf(card.stands(now()), card.attention(now())) }));
  for (const { card, kinds } of known) card.node.hidden = !isShown(state, card.system.displayName, kinds);
  const many = (/** @type {string} */ kind) => known.filter(({ kinds }) => kinds.includes(kind)).length;
  segments(byId("shown"), SHOWN.map((key) => ({ key, title: t(`fleet.${key}`) })), state.show, (key) => set({ show: key }));
  for (const button of byId("shown").children) button.setAttribute("data-count", String(many(button.getAttribute("data-key") ?? "")));
  segments(byId("layouts"), LAYOUTS.map((key) => ({ key, title: t(`fleet.${key}`) })), state.as, (key) => set({ as: key }));
  byId("cards").dataset.as = state.as;
  show(byId("none"), cards.length && known.every(({ card }) => card.node.hidden) ? t("fleet.none") : "");
  sums();
}

function sums() {
  const sum = together(cards.map((card) => ({ card: card.data, stands: card.stands(now()) })));
  const box = byId("sums");
  box.hidden = cards.length < 2;
  if (!box.children.length) box.append(...["solar", "load", "battery", "grid", "today"].map((key) => element("div", { class: key === "today" ? "solar" : key }, element("span"), element("b", { class: "value" }))));
  const texts = [
    [t("source.solar"), joined(format.watts(sum.solarW))], [t("source.load"), joined(format.watts(sum.loadW))],
    [t(wayKey("battery", sum.batteryW)), joined(format.watts(magnitude(sum.batteryW)))], [t(sum.isGrid ? wayKey("grid", sum.gridW) : "source.either"), joined(format.watts(magnitude(sum.gridW)))],
    [t("today.solar"), joined(format.kwh(sum.solarKwh))],
  ];
  texts.forEach(([title, value], index) => {
    say(one("span", box.children[index]), title);
    say(one("b", box.children[index]), value);
  });
  say(byId("sums-of"), sum.heard === cards.length ? "" : t("fleet.together", { heard: sum.heard, all: cards.length }));
}

/** @param {Partial<typeof state>} change @param {{push?: boolean}} how */
function set(change, { push = true } = {}) {
  state = { ...state, ...change };
  const address = `${location.pathname}${writeFleet(state)}`;
  if (push) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
  arrange();
}

function wireTools() {
  const search = /** @type {HTMLInputElement} */ (byId("search"));
  search.value = state.q;
  search.addEventListener("input", () => set({ q: search.value }, { push: false }));
  addEventListener("popstate", () => {
    state = readFleet(location.search);
    search.value = state.q;
    arrange();
  });
  byId("fleet").hidden = cards.length < TOOLS_FROM;
}

function follow() {
  let broken = false;
  listen("all", {
    onReading: (reading) => take(/** @type {any} */ (reading)),
    onReload: () => guarded(refresh),
    onState: (link) => {
      if (link === "live" && broken) guarded(refresh);
      broken = link !== "live";
    },
  });
  setInterval(() => document.hidden || cards.forEach((card) => card.tick(now())), 1000);
  setInterval(() => document.hidden || guarded(refresh), REFRESH_MS);
  document.addEventListener("visibilitychange", () => document.hidden || guarded(refresh));
}

function start() {
  frame("overview");
  if (!cards.length) {
    show(byId("notice"), snapshot.isAdmin ? `${t("overview.none")} ${t("overview.add")}` : t("me.nothingShared"));
    return;
  }
  for (const card of cards) card.draw(now());
  byId("cards").toggleAttribute("data-many", cards.length > MANY);
  byId("cards").replaceChildren(...cards.map(({ node }) => node));
  wireTools();
  arrange();
  if (cards.some(({ data }) => data.latest && !data.latest.energy.today)) guarded(refresh);
  follow();
}

start();
