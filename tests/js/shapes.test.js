// Scales, paths, flows, energies: the geometry and arithmetic behind the drawings.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { completeness, coveragePct, dayShares } from "../../src/liveone/web/static/js/core/coverage.js";
import { csv } from "../../src/liveone/web/static/js/core/csv.js";
import { change, comparable, grouped, runningPart, selfConsumption, selfSufficiency, totals } from "../../src/liveone/web/static/js/core/energy.js";
import { balance, direction, energyTitle, flows, lossesW, magnitude, speed, stateOf, sum, visible, wayKey } from "../../src/liveone/web/static/js/core/flows.js";
import { age, duration, joined, makeFormat } from "../../src/liveone/web/static/js/core/format.js";
import { ageSeconds, stateAt } from "../../src/liveone/web/static/js/core/freshness.js";
import { missing } from "../../src/liveone/web/static/js/core/parts.js";
import { stretch, stretched } from "../../src/liveone/web/static/js/core/pinch.js";
import { niceScale } from "../../src/liveone/web/static/js/core/scale.js";
import { areaPath, indexAt, linePath, runs, thinned } from "../../src/liveone/web/static/js/core/shape.js";
import { makeZone } from "../../src/liveone/web/static/js/core/zone.js";

const power = (solarW, loadW, batteryW, gridW) => ({ solarW, loadW, batteryW, gridW, lossesW: null });
const cases = (name) => JSON.parse(readFileSync(new URL(`../${name}.json`, import.meta.url), "utf8"));
const track = (values, estimated = {}) => {
  const size = Object.values(values)[0].length;
  return { from: Array.from({ length: size }, (_, i) => i * 100), to: Array.from({ length: size }, (_, i) => (i + 1) * 100), values, estimated };
};

test("a scale ends on round numbers that hold all values", () => {
  for (const [low, high] of [[-4200, 6100], [0, 0.03], [-0.7, 12], [0, 98765], [-300, 500]]) {
    const y = niceScale(low, high, 200, 0, 5);
    assert.ok(y.low <= low && y.high >= high && y.ticks.length >= 3 && y.ticks.length <= 13, `${low} ${high} ${y.ticks}`);
    assert.ok(Math.abs(y.invert(y(high)) - high) < 1e-6 * Math.abs(high) + 1e-9);
  }
});

test("gaps are gaps: runs are the stretches between them", () => {
  const values = [1, 2, null, null, 5, null, 7];
  assert.deepEqual(runs(values.length, (i) => values[i] !== null), [[0, 1], [4, 4], [6, 6]]);
  assert.deepEqual(runs(0, () => true), []);
  assert.equal(linePath((i) => i, (i) => i * 2, 0, 2), "M0,0L1,2L2,4");
  assert.equal(areaPath((i) => i * 10, () => 5, () => 1, 1, 1, 2), "M8,5V1H12V5Z");
});

test("the interval under the cursor is found, in a gap the nearest", () => {
  const from = [0, 100, 500];
  const to = [100, 200, 600];
  assert.deepEqual([-5, 50, 100, 101, 300, 450, 900].map((at) => indexAt(from, to, at)), [0, 0, 0, 1, 1, 2, 2]);
});

test("joining neighbours keeps means and lets gaps be gaps", () => {
  const found = thinned(track({ a: [1, 3, null, null, 5, null] }), 3);
  assert.deepEqual(found.values.a, [2, null, 5]);
  assert.deepEqual([found.from, found.to], [[0, 200, 400], [200, 400, 600]]);
});

test("flows take all that sources give and never more than sinks want", () => {
  let seed = 7;
  const random = (span) => {
    seed = (seed * 48271) % 2147483647;
    return Math.round((seed / 2147483647 - 0.3) * span);
  };
  for (let round = 0; round < 500; round += 1) {
    const p = power(Math.max(0, random(8000)), Math.max(0, random(8000)), random(6000), random(6000));
    const found = flows(p);
    const from = (key) => sum(Object.entries(found).filter(([name]) => name.startsWith(`${key}-`)).map(([, w]) => ({ w })));
    const to = (key) => sum(Object.entries(found).filter(([name]) => name.endsWith(`-${key}`)).map(([, w]) => ({ w })));
    assert.ok(from("solar") <= p.solarW && to("load") <= p.loadW);
    assert.ok(from("battery") <= Math.max(0, p.batteryW) && to("battery") <= Math.max(0, -p.batteryW));
    const given = p.solarW + Math.max(0, p.batteryW) + Math.max(0, p.gridW);
    const wanted = p.loadW + Math.max(0, -p.batteryW) + Math.max(0, -p.gridW);
    assert.equal(sum(Object.values(found).map((w) => ({ w }))), Math.min(given, wanted));
  }
});

test("both sides of the balance are of one length; what is missing is called unmeasured", () => {
  const more = balance(power(3000, 500, -2300, 0));
  assert.equal(sum(more.in), sum(more.out));
  const less = balance(power(0, 500, 450, 0));
  assert.equal(sum(less.in), sum(less.out));
  assert.deepEqual(less.in.at(-1), { key: "losses", w: 50 });
});

test("one threshold decides, here as on the server, and words, ways and pictures agree", () => {
  for (const { w, state } of cases("directions")) {
    assert.equal(stateOf(w), state, String(w));
    const words = { unknown: "words.unknown", idle: "words.idle", charging: "in", discharging: "out" };
    assert.equal(direction(w, "out", "in"), words[state], String(w));
    assert.equal(wayKey("battery", w) === "source.battery", state === "idle" || state === "unknown", String(w));
    assert.equal(visible({ a: Math.abs(w ?? 0) }).size === 1, state === "charging" || state === "discharging", String(w));
  }
});

test("numbers are told as the first paint of the server tells them", () => {
  const { watts, pct } = cases("numbers");
  for (const tag of ["en", "de"]) {
    const format = makeFormat(tag);
    for (const each of watts) assert.equal(joined(format.watts(each.value)), each[tag]);
    for (const each of pct) assert.equal(format.pct(each.value), each[tag]);
  }
});

test("the marks of a locale are those that the first paint has", () => {
  for (const { value, ...texts } of cases("numbers").locales) {
    for (const [tag, text] of Object.entries(texts)) assert.equal(joined(makeFormat(tag).watts(value)), text, tag);
  }
});

test("losses are what the server says they are", () => {
  for (const each of cases("losses")) assert.equal(lossesW(each.solarW, each.batteryW, each.gridW, each.loadW), each.lossesW, JSON.stringify(each));
});

test("10 W always look like 10 W", () => {
  assert.ok(speed(10) < speed(100) && speed(5000) < speed(10000) && speed(1e6) === 27 && speed(-5) === 0);
});

test("only the grid is imported from", () => {
  const reading = (generatorStatus, gridOutKwh) => ({ system: { generatorStatus }, energy: { total: { gridOutKwh } } });
  assert.equal(energyTitle(reading(1, 0), "gridIn"), "energy.eitherIn");
  assert.equal(energyTitle(reading(0, 0), "gridIn"), "energy.eitherIn");
  assert.equal(energyTitle(reading(0, 12), "gridIn"), "energy.gridIn");
  assert.equal(energyTitle(reading(null, 0), "gridIn"), "energy.gridIn");
  assert.equal(energyTitle(reading(1, 0), "gridOut"), "energy.gridOut");
});

test("what a house has not got is known by its counters, its powers and its hardware", () => {
  const data = (power, total, info = {}, soc = null) => ({
    latest: { power: { solarW: 0, batteryW: 0, gridW: 0, ...power }, soc: { battery: soc }, energy: { total }, system: { generatorStatus: 0 } }, systemInfo: { solarSize: null, batterySize: null, ...info },
  });
  const still = { solarKwh: 9, batteryInKwh: 0, batteryOutKwh: 0, gridInKwh: 0, gridOutKwh: 0 };
  assert.deepEqual(missing(data({}, still)), ["battery", "grid"]);
  assert.deepEqual(missing(data({ batteryW: 120 }, still)), ["grid"]);
  assert.deepEqual(missing(data({}, still, { batterySize: "10 kWh" })), ["grid"]);
  assert.deepEqual(missing(data({}, still, {}, 55)), ["grid"]);
  assert.deepEqual(missing(data({}, { ...still, gridInKwh: 916.7 })), ["battery"]);
  assert.deepEqual(missing(data({ batteryW: null, gridW: null }, {})), ["battery", "grid"]);
  assert.deepEqual(missing(data({}, {})), [], "at night, where nothing counts");
  assert.deepEqual(missing({ latest: undefined, systemInfo: undefined }), []);
});

test("moments stay under the fingers that were put on them", () => {
  const edges = { left: 40, right: 240, startAt: 1000, endAt: 3000 };
  const under = (x, [from, to]) => from + ((x - edges.left) / 200) * (to - from);
  for (const [before, now] of [[[90, 140], [60, 200]], [[60, 200], [100, 130]], [[90, 140], [120, 170]], [[140, 90], [200, 60]]]) {
    const range = stretched(edges, stretch(before, now));
    before.forEach((x, index) => assert.ok(Math.abs(under(now[index], range) - under(x, [1000, 3000])) < 1e-6, `${before} ${now}`));
  }
  const closest = stretched(edges, stretch([90, 140], [115, 115]));
  assert.ok(closest.every(Number.isFinite));
});

test("shares are of what there was, and unknown without it", () => {
  assert.equal(selfSufficiency(10, 2.5), 0.75);
  assert.equal(selfSufficiency(10, 12), 0);
  assert.equal(selfSufficiency(0, 0), null);
  assert.equal(selfConsumption(20, 5), 0.75);
  assert.equal(selfConsumption(null, 5), null);
});

test("groups add up to their parts, and one estimated part makes an estimate", () => {
  const found = grouped(track({ solar: [1, 2, null, 4] }, { solar: new Set([1]) }), (from) => (from < 200 ? "a" : "b"));
  assert.deepEqual(found.values.solar, [3, 4]);
  assert.deepEqual([...found.estimated.solar], [0]);
  assert.deepEqual(found.to, [200, 400]);
  assert.equal(totals(track({ solar: [1, null, 2.5] })).solar.kwh, 3.5);
  assert.equal(totals(track({ solar: [null] })).solar.kwh, null);
});

test("only the parts that both periods have are compared, and one that still runs with as much of the other", () => {
  const found = comparable(track({ solar: [4, null, 3, null] }), track({ solar: [8, 5, null] }), 1e9);
  assert.deepEqual([totals(found.now).solar.kwh, totals(found.before).solar.kwh], [4, 8]);
  assert.deepEqual([found.common, found.parts], [1, 2]);
  const running = comparable(track({ solar: [4, 2, null] }), track({ solar: [4, 4, 4] }), 150);
  assert.deepEqual(running.before.values.solar, [4, 2, null]);
  assert.deepEqual([running.common, running.parts], [2, 3]);
  const soFar = comparable(track({ solar: [4, 2, null] }), track({ solar: [4, 4, 4] }), 150, { solar: 0.5 });
  assert.deepEqual(soFar.before.values.solar, [4, 0.5, null], "at noon of a day in which the sun shone in the afternoon");
  assert.deepEqual(runningPart(track({ solar: [1, 2] }), track({ solar: [1, 2] }), 130), { index: 1, startAt: 100, endAt: 130 });
  assert.equal(runningPart(track({ solar: [1, 2] }), track({ solar: [1] }), 130), null);
  assert.equal(runningPart(track({ solar: [1, 2] }), track({ solar: [1, 2] }), 1e9), null);
  const shorter = comparable(track({ solar: [1, 1, 1] }), track({ solar: [2] }), 1e9);
  assert.equal(totals(shorter.now).solar.kwh, 1);
  assert.equal(change(12, 10).toFixed(2), "0.20");
  assert.equal(change(12, 0), null);
});

test("age counts from when a reading was received, whatever the device's clock says", () => {
  const now = Date.parse("2026-01-01T00:01:00Z");
  for (const timestamp of ["2026-01-01T00:00:00Z", "2025-12-31T23:55:04Z", "2026-01-01T00:05:00Z"]) {
    assert.equal(ageSeconds({ timestamp, receivedTime: "2026-01-01T00:00:04Z" }, now), 56);
  }
  assert.equal(ageSeconds({ receivedTime: "2026-01-01T00:01:04Z" }, now), 0);
  assert.deepEqual([age(5.4), age(600), age(90000)], [{ key: "age.seconds", n: 5 }, { key: "age.minutes", n: 10 }, { key: "age.hours", n: 25 }]);
});

test("a reading is fresh, late and silent when the server says it is", () => {
  for (const { states, ...limits } of cases("freshness")) {
    for (const [seconds, state] of states) assert.equal(stateAt(Math.max(0, seconds), limits), state, `${seconds} ${limits.cadenceS}`);
  }
});

test("numbers are in the reader's locale, with units that fit; absent is a dash", () => {
  const german = makeFormat("de");
  const english = makeFormat("en");
  assert.equal(german.told("7.5kW, 48V"), "7,5\u00a0kW, 48\u00a0V");
  assert.equal(german.told("63.6 kWh"), "63,6\u00a0kWh");
  assert.equal(german.told("SP PRO 2i"), "SP PRO 2i");
  assert.equal(german.told(null), null);
  assert.equal(german.pct(62.5), "63\u00a0%");
  assert.equal(joined(english.watts(-1234)), "\u22121.23\u00a0kW");
  assert.equal(joined(german.watts(12345)), "12,3\u00a0kW");
  assert.equal(joined(english.watts(999.6)), "1.00\u00a0kW");
  assert.equal(joined(english.watts(-0.2)), "0\u00a0W");
  assert.equal(joined(english.watts(null)), "\u2013");
  assert.equal(joined(english.kwh(14810)), "14.81\u00a0MWh");
  assert.equal(joined(german.kwh(7271)), "7.271\u00a0kWh");
  assert.equal(joined(english.kwh(0)), "0\u00a0kWh");
  assert.equal(joined(english.kwh(0.001)), "0.00\u00a0kWh");
  assert.equal(duration(1.5), "1\u00a0h\u00a030\u00a0min");
});

test("a table for spreadsheets has an empty cell for a gap", () => {
  const zone = makeZone({ offsetMin: 600, name: null });
  const text = csv(track({ solar: [1.23456, null] }, { solar: new Set([0]) }), { solar: "solar_kwh" }, zone);
  const lines = text.trim().split("\r\n");
  assert.equal(lines[0], "from,to,solar_kwh,solar_kwh estimated");
  assert.equal(lines[1], "1970-01-01T10:00:00+10:00,1970-01-01T10:00:00+10:00,1.2346,1");
  assert.ok(lines[2].endsWith(",,0"));
});

test("what was read counts from the first reading to now; before and after nothing is said", () => {
  const zone = makeZone({ offsetMin: 0, name: null });
  const at = (text) => Date.parse(`${text}Z`);
  const around = { zone, firstAt: at("2026-01-02T12:00"), nowAt: at("2026-01-04T06:00") };
  const shares = dayShares({ start: "2026-01-01", read: [0, 144, 144, 72, 0], expected: [288, 288, 288, 72, 0] }, around);
  const [second, third, fourth] = ["2026-01-02T12:00", "2026-01-03T00:00", "2026-01-04T00:00"].map(at);
  assert.deepEqual(shares.filter(([, , share]) => share !== null), [[second, third, 1], [third, fourth, 0.5], [fourth, around.nowAt, 1]]);
  const from = ["2026-01-01T12:00", "2026-01-02T06:00", "2026-01-02T18:00", "2026-01-03T23:00", "2026-01-04T01:00", "2026-01-04T07:00"].map(at);
  assert.deepEqual(coveragePct({ from, to: from.map((each) => each + 3600000), values: {}, estimated: {} }, shares), [null, null, 100, 50, 100, null]);
  assert.ok(Math.abs(completeness(shares) - 30 / 42) < 1e-9);
  assert.equal(completeness([]), null);
});

const BALANCES = {
  "solar only, the rest unmeasured": [power(3000, 2900, 0, 0), { solar: 3000 }, { load: 2900, losses: 100 }],
  "off-grid, charging": [power(4000, 700, -3200, null), { solar: 4000 }, { load: 700, battery: 3200, losses: 100 }],
  "off-grid, at night": [power(0, 700, 750, null), { battery: 750 }, { load: 700, losses: 50 }],
  "grid and solar, exporting": [power(5000, 1200, null, -3700), { solar: 5000 }, { load: 1200, grid: 3700, losses: 100 }],
  "grid and solar, importing, meters that see too little": [power(300, 1200, null, 850), { solar: 300, grid: 850, losses: 50 }, { load: 1200 }],
  "battery only": [power(null, 640, 650, null), { battery: 650 }, { load: 640, losses: 10 }],
  "battery charged from the grid": [power(null, 400, -2000, 2450), { grid: 2450 }, { load: 400, battery: 2000, losses: 50 }],
  "nothing flows": [power(0, 0, 0, 0), {}, {}],
};

test("whatever a house has, in and out are bars of one length", () => {
  for (const [name, [of, coming, going]] of Object.entries(BALANCES)) {
    const found = balance(of);
    const lengths = (parts) => Object.fromEntries(parts.filter(({ w }) => w > 0).map(({ key, w }) => [key, w]));
    assert.deepEqual([lengths(found.in), lengths(found.out)], [coming, going], name);
    assert.equal(sum(found.in), sum(found.out), name);
    assert.ok(sum(found.in) === found.scaleW || !sum(found.in), name);
  }
});

test("a side that nothing is known of is as long as the other", () => {
  assert.deepEqual(balance(power(3000, null, -500, 0)).out.at(-1), { key: "losses", w: 2500 });
});

test("a power's way is said in words: a trickle has none", () => {
  assert.deepEqual([900, -900, 20, null].map((w) => wayKey("battery", w)), ["flow.batteryOut", "flow.batteryIn", "source.battery", "source.battery"]);
  assert.deepEqual([900, -900, 0].map((w) => wayKey("grid", w)), ["flow.gridIn", "flow.gridOut", "source.grid"]);
  assert.deepEqual([magnitude(-5), magnitude(null)], [5, null]);
});
