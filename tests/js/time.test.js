// Local time of the system: days of 23 and 25 hours, half-hour zones, periods, the address.

import assert from "node:assert/strict";
import { test } from "node:test";

import { clock } from "../../src/liveone/web/static/js/core/format.js";
import { daysOf, grouping, monthsLater, moved } from "../../src/liveone/web/static/js/core/period.js";
import { timeTicks } from "../../src/liveone/web/static/js/core/scale.js";
import { readState, writeState } from "../../src/liveone/web/static/js/core/state.js";
import { addDays, makeZone, offsetText } from "../../src/liveone/web/static/js/core/zone.js";

const HOUR = 3600000;
const berlin = makeZone({ offsetMin: 60, name: "Europe/Berlin" });
const lordHowe = makeZone({ offsetMin: 630, name: "Australia/Lord_Howe" });
const hours = (zone, day) => (zone.start(addDays(day, 1)) - zone.start(day)) / HOUR;

test("a day is as long as its clocks make it", () => {
  assert.equal(hours(berlin, "2026-03-29"), 23);
  assert.equal(hours(berlin, "2026-10-25"), 25);
  assert.equal(hours(berlin, "2026-07-01"), 24);
  assert.equal(hours(lordHowe, "2026-04-05"), 24.5);
  assert.equal(hours(makeZone({ offsetMin: 345, name: null }), "2026-03-29"), 24);
});

test("days follow one another without hole or overlap through a whole year", () => {
  for (const zone of [berlin, lordHowe, makeZone({ offsetMin: -210, name: "America/St_Johns" })]) {
    for (let day = "2026-01-01"; day < "2027-01-01"; day = addDays(day, 1)) {
      const start = zone.start(day);
      assert.equal(zone.date(start), day);
      assert.equal(zone.date(start - 1), addDays(day, -1));
      assert.equal(zone.minute(start), 0);
    }
  }
});

test("the server's list of changes and the browser's own table tell the same time", () => {
  const changes = [[157766400, 60], [1774746000, 120], [1792890000, 60], [1806195600, 120]];
  const told = makeZone({ offsetMin: 60, name: "Europe/Berlin", transitions: changes });
  for (let at = Date.parse("2026-03-01T00:00Z"); at < Date.parse("2026-12-01T00:00Z"); at += 17 * 60000) {
    assert.equal(told.offsetMs(at), berlin.offsetMs(at));
    assert.equal(told.date(at), berlin.date(at));
  }
  assert.equal(told.label(0), "Europe/Berlin");
  assert.equal(told.start("2026-10-25"), berlin.start("2026-10-25"));
  assert.equal(told.offset(Date.parse("2026-07-01")), "UTC+02:00");
});

test("a time that clocks show twice is told apart, one that they skip is the moment of the skip", () => {
  const twice = Date.parse("2026-10-25T00:30Z");
  assert.deepEqual([twice, twice + HOUR].map((at) => clock(at, berlin)), ["02:30 UTC+02:00", "02:30 UTC+01:00"]);
  assert.equal(clock(twice + 2 * HOUR, berlin), "03:30");
  assert.equal(berlin.at("2026-10-25", 150), twice);
  assert.equal(berlin.at("2026-03-29", 150), Date.parse("2026-03-29T01:00Z"));
  const cairo = makeZone({ offsetMin: 120, name: "Africa/Cairo" });
  assert.equal(cairo.start("2026-04-24"), Date.parse("2026-04-23T22:00Z"));
  assert.equal(cairo.minute(cairo.start("2026-04-24")), 60);
  assert.equal(hours(cairo, "2026-04-24"), 23);
  const apia = makeZone({ offsetMin: 780, name: "Pacific/Apia" });
  assert.equal(hours(apia, "2011-12-30"), 0);
});

test("an hour that came twice has two marks, unless marks stand further apart", () => {
  const [from, to] = [berlin.start("2026-10-25"), berlin.start("2026-10-26")];
  const faces = (count) => timeTicks(from, to, count, berlin).map(({ at }) => berlin.minute(at) / 60);
  assert.deepEqual(faces(26).slice(0, 5), [0, 1, 2, 2, 3]);
  assert.deepEqual(faces(10).slice(0, 4), [0, 3, 6, 9]);
});

test("marks stand on hours that the clocks showed", () => {
  const day = "2026-03-29";
  const ticks = timeTicks(berlin.start(day), berlin.start("2026-03-30"), 26, berlin);
  assert.deepEqual(ticks.slice(0, 3).map(({ at }) => berlin.minute(at) / 60), [0, 1, 3]);
  const long = timeTicks(berlin.start("2026-10-25"), berlin.start("2026-10-26"), 26, berlin);
  assert.ok(long.every(({ at }) => berlin.minute(at) % 60 === 0));
});

test("marks of a week are days, of a year months, of ten years Januaries", () => {
  const zone = makeZone({ offsetMin: 600, name: null });
  const kinds = (first, last, count) => timeTicks(zone.start(first), zone.start(last), count, zone).map(({ kind }) => kind);
  assert.deepEqual(kinds("2026-11-16", "2026-11-23", 10), Array(7).fill("day"));
  assert.equal(kinds("2026-01-01", "2027-01-01", 13).length, 12);
  assert.deepEqual([...new Set(kinds("2016-01-01", "2026-01-01", 12))], ["year"]);
});

test("periods begin where people think they do", () => {
  assert.deepEqual(daysOf("week", "2026-11-22", "2025-01-01", "2026-11-22"), { first: "2026-11-16", next: "2026-11-23" });
  assert.deepEqual(daysOf("month", "2024-02-10", "2020-01-01", "2026-01-01"), { first: "2024-02-01", next: "2024-03-01" });
  assert.deepEqual(daysOf("all", "2026-11-22", "2016-05-03", "2026-11-22"), { first: "2016-01-01", next: "2026-11-23" });
  assert.equal(moved("month", "2026-03-31", -1), "2026-02-28");
  assert.equal(monthsLater("2026-01-31", 13), "2027-02-28");
  assert.equal(grouping("all", 4000), "year");
});

test("what is chosen is in the address and read from it again", () => {
  const today = "2026-11-22";
  const state = { ...readState("", today), view: "month", day: "2026-02-03", compare: true, mode: "lines", only: "grid", unit: "w", heat: "load" };
  assert.deepEqual(readState(writeState(state, today), today), state);
  assert.equal(writeState(readState("", today), today), "");
  const zoomed = { ...state, from: Date.UTC(2026, 1, 3, 8), to: Date.UTC(2026, 1, 3, 9) };
  assert.deepEqual(readState(writeState(zoomed, today), today), zoomed);
});

test("nonsense in the address is as good as nothing", () => {
  assert.deepEqual(readState("?view=moon&day=2026-02-31&from=x&to=y&mode=3d&only=me", "2026-11-22"), readState("", "2026-11-22"));
});

test("an offset is written as people write it", () => {
  assert.equal(offsetText(0), "UTC");
  assert.equal(offsetText(-210), "UTC\u221203:30");
  assert.equal(offsetText(600), "UTC+10:00");
});
