// How complete the readings of a period are: of which stretch what share was read.

import { addDays } from "./zone.js";

const INTERVAL_MS = 300000;

/** @typedef {[number, number, number | null]} Share from, to, the share that was read; null is still to come */

/**
 * Days with what was read of each, neighbours that are alike joined. Nothing is missing before the first reading.
 * @param {{start: string, read: number[], expected: number[]}} covered
 * @param {{zone: import("../types").Zone, firstAt: number, nowAt: number}} around @returns {Share[]}
 */
export function dayShares({ start, read, expected }, { zone, firstAt, nowAt }) {
  /** @type {Share[]} */
  const joined = [];
  read.forEach((count, index) => {
    const day = addDays(start, index);
    const next = zone.start(addDays(day, 1));
    const begin = zone.start(day);
    const share = dayShare([begin, next], count, expected[index], firstAt);
    const end = share === null ? next : Math.min(next, nowAt);
    const last = joined.at(-1);
    if (last && last[2] === share) last[1] = end;
    else joined.push([share === null ? begin : Math.max(begin, firstAt), end, share]);
  });
  return joined;
}

/**
 * What was read of a day, null where there was nothing to read yet or before the first reading.
 * @param {[number, number]} day where it begins and ends @param {number} count intervals read @param {number} expected
 * intervals passed @param {number} firstAt
 */
export function dayShare([begin, end], count, expected, firstAt) {
  const before = begin < firstAt ? Math.floor((firstAt - begin) / INTERVAL_MS) : 0;
  return expected && end > firstAt ? Math.min(1, count / Math.max(1, expected - before)) : null;
}

/** The share of all that has passed, null where nothing has. @param {Share[]} shares */
export function completeness(shares) {
  let length = 0;
  let read = 0;
  for (const [from, to, share] of shares) {
    if (share !== null) {
      length += to - from;
      read += (to - from) * share;
    }
  }
  return length ? read / length : null;
}

/**
 * Of each interval of a track the share, in %, that was read of the stretch that holds it.
 * @param {import("../types").Track} track @param {Share[]} shares @returns {import("../types").Maybe[]}
 */
export function coveragePct({ from, to }, shares) {
  let index = 0;
  return from.map((start, row) => {
    const middle = (start + to[row]) / 2;
    while (index < shares.length && shares[index][1] <= middle) index += 1;
    const [begin, , share] = shares[index] ?? [Infinity, 0, null];
    return share === null || middle < begin ? null : 100 * share;
  });
}
