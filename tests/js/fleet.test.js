// Many systems at once, the arrows of a card, what silence means: what the overview and the status say, worked out.

import assert from "node:assert/strict";
import { test } from "node:test";

import { storedKwh } from "../../src/liveone/web/static/js/core/battery.js";
import { isShown, kindsOf, needsAttention, readFleet, standing, together, writeFleet } from "../../src/liveone/web/static/js/core/fleet.js";
import { sourceKey } from "../../src/liveone/web/static/js/core/flows.js";
import { silence } from "../../src/liveone/web/static/js/core/freshness.js";
import { RADIUS, SPOTS, WAYS, link, ring, thickness } from "../../src/liveone/web/static/js/core/links.js";
import { niceScale } from "../../src/liveone/web/static/js/core/scale.js";

const NOW = Date.parse("2026-11-26T12:00:00Z");
const iso = (seconds) => new Date(NOW - seconds * 1000).toISOString();
const reading = (ageS, power = {}, system = {}) => ({
  timestamp: iso(ageS), receivedTime: iso(ageS), power: { solarW: 1000, loadW: 600, batteryW: -400, gridW: null, lossesW: null, ...power },
  soc: { battery: 50 }, energy: { total: { gridOutKwh: 0 }, today: { solarKwh: 2 } }, system: { faultCode: 0, faultTimestamp: null, generatorStatus: 0, ...system },
});
const card = (ageS, changes = {}, fresh = {}) => ({
  vendorType: "select.live", latest: reading(ageS), freshness: { state: "fresh", ageS, cadenceS: 60, lateS: 180, silentS: 900, frozenCounters: [], frozenValues: false, ...fresh }, ...changes,
});

test("a system stands as its newest reading does, unless it is paused or says nothing at all", () => {
  assert.equal(standing(card(30), true, NOW), "fresh");
  assert.equal(standing(card(30), false, NOW), "paused");
  assert.equal(standing(card(30, { vendorType: "none" }), false, NOW), "imported");
  assert.equal(needsAttention("imported", card(2000)), false);
  assert.deepEqual(kindsOf("imported", false), ["all"]);
  assert.equal(standing(card(30, {}, { frozenValues: true }), true, NOW), "frozen");
  assert.equal(standing(card(200, {}, { frozenValues: true }), true, NOW), "late");
  assert.equal(standing(card(2000), true, NOW), "silent");
  assert.equal(standing(card(30, { latest: undefined }), true, NOW), "none");
});

test("attention is for faults, silence and what stands still, not for what was paused", () => {
  assert.equal(needsAttention("fresh", card(30)), false);
  assert.equal(needsAttention("fresh", card(30, { latest: reading(30, {}, { faultCode: 57 }) })), true);
  assert.equal(needsAttention("fresh", card(30, {}, { frozenCounters: ["solar"] })), true);
  assert.equal(needsAttention("late", card(200)), true);
  assert.equal(needsAttention("paused", card(2000)), false);
});

test("sums leave out the silent and never make a number out of nothing", () => {
  const sum = together([{ card: card(30), stands: "fresh" }, { card: card(9999), stands: "silent" }, { card: card(100), stands: "late" }]);
  assert.deepEqual(sum, { heard: 2, isGrid: true, solarW: 2000, loadW: 1200, batteryW: -800, gridW: null, solarKwh: 4 });
  assert.equal(together([]).solarW, null);
});

test("a sum is from the grid only where no generator has a part in it", () => {
  const of = (gridW, generatorStatus) => ({ card: { ...card(30), latest: reading(30, { gridW }, { generatorStatus }) }, stands: "fresh" });
  assert.equal(together([of(500, null), of(-200, null)]).isGrid, true);
  assert.equal(together([of(500, null), of(2300, 1)]).isGrid, false);
  assert.equal(together([of(500, null), of(10, 1), of(null, 0)]).isGrid, true);
});

test("what is shown of many is an address, and an address shows it", () => {
  for (const search of ["", "?show=attention&as=list&q=Farm+2"]) assert.equal(writeFleet(readFleet(search)), search);
  assert.deepEqual(readFleet("?show=everything&as=pie"), { show: "all", as: "cards", q: "" });
  assert.equal(isShown({ show: "all", q: " FARM" }, "Off-grid farm", ["all"]), true);
  assert.equal(isShown({ show: "attention", q: "" }, "Off-grid farm", ["all", "live"]), false);
  assert.equal(isShown({ show: "live", q: "" }, "Off-grid farm", ["all", "live"]), true);
  assert.equal(isShown({ show: "live", q: "" }, "Off-grid farm", kindsOf("paused", false)), false);
  assert.deepEqual([kindsOf("fresh", false), kindsOf("silent", true), kindsOf("paused", false)], [["all", "live"], ["all", "attention"], ["all"]]);
  assert.deepEqual(kindsOf("fresh", true), ["all", "live", "attention"], "its card says Live, and so does the count");
});

test("arrows begin and end outside of the nodes, point the right way and are as thick as their power", () => {
  for (const key of WAYS) {
    const [from, to] = key.split("-").map((name) => SPOTS[name]);
    const { start, end, angle, arrow } = link(key, 1000);
    const apart = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
    assert.ok(apart(start, from) > RADIUS && apart(end, to) > RADIUS && apart(from, start) < apart(from, end), key);
    assert.ok(Math.abs(Math.cos((angle * Math.PI) / 180) * apart(from, to) - (to[0] - from[0])) < 1e-9, key);
    assert.ok(Math.abs(apart(from, arrow) + apart(arrow, to) - apart(from, to)) < 1e-9, key);
  }
  assert.ok(thickness(100) < thickness(1000) && thickness(1000) < thickness(10000));
  assert.equal(thickness(20000), thickness(10000));
  assert.deepEqual([ring(0.5, 1), ring(2, 1)].map((text) => text.split(" ").map(Number)), [[3.14, 6.28], [6.28, 6.28]]);
});

test("silence has its reason: paused, failing, or an inverter that gives its portal nothing new", () => {
  const polling = (changes) => ({ isActive: true, consecutiveErrors: 0, lastError: null, lastSuccessTime: iso(0), ...changes });
  const limits = { lateS: 180, silentS: 900 };
  assert.equal(silence(reading(600), polling({}), limits), "repeats");
  assert.equal(silence(reading(100), polling({}), limits), "nothing");
  assert.equal(silence(reading(600), polling({ lastSuccessTime: iso(590) }), limits), "nothing");
  assert.equal(silence(reading(600), polling({ consecutiveErrors: 3, lastError: "500" }), limits), "failed");
  assert.equal(silence(reading(600), polling({ isActive: false }), limits), "paused");
  assert.equal(silence(reading(600), undefined, limits), "nothing");
  assert.equal(silence(reading(600), polling({ isActive: false }), limits, "none"), "imported");
});

test("the other connection is called what is known of it", () => {
  const of = (generatorStatus, gridOutKwh) => sourceKey({ system: { faultCode: 0, faultTimestamp: null, generatorStatus }, energy: { total: { gridOutKwh } } });
  assert.equal(of(1, 0), "source.generator");
  assert.equal(of(0, 12), "source.grid");
  assert.equal(of(0, 0), "source.either");
  assert.equal(of(null, null), "source.grid");
});

test("what a battery holds needs both its level and its size", () => {
  assert.equal(storedKwh(50, 10), 5);
  assert.equal(storedKwh(null, 10), null);
  assert.equal(storedKwh(50, null), null);
});

test("a scale wastes little room beyond its values", () => {
  for (const [low, high] of [[-5300, 6100], [0, 41], [-1.8, 1.7], [-300, 500]]) {
    const y = niceScale(low, high, 200, 0, 7);
    assert.ok((y.high - y.low) / (high - low) < 1.2, `${low} ${high}: ${y.low} ${y.high}`);
    assert.ok(y.ticks.includes(0) && y.ticks.every((tick) => tick >= y.low && tick <= y.high));
  }
});
