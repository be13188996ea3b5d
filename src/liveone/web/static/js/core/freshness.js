// How old a reading is, and what that means. The server decides (domain/freshness.py) and says from when on a reading is
// late and silent; the page only moves the age on. tests/freshness.json has the cases that both are tried with.

/** The vendor type of a system that is not polled: its readings are imported. */
export const IMPORT_ONLY = "none";

/** @typedef {Pick<import("../types").Freshness, "lateS" | "silentS">} Limits */

/**
 * Seconds since the reading reached LiveOne. When it was measured is told by the device's clock, which may be wrong.
 * @param {Pick<import("../types").Reading, "receivedTime">} reading @param {number} nowMs the server's time
 */
export function ageSeconds(reading, nowMs) {
  return Math.max(0, (nowMs - Date.parse(reading.receivedTime)) / 1000);
}

/** @param {number} seconds @param {Limits} limits @returns {"fresh" | "late" | "silent"} */
export function stateAt(seconds, { lateS, silentS }) {
  if (seconds < lateS) return "fresh";
  return seconds > silentS ? "silent" : "late";
}

/**
 * Why nothing newer came: readings only come by import, polling is paused, it fails, its answers repeat one sample (the inverter gives its portal
 * nothing new), or nothing is known.
 * @param {import("../types").Reading} reading @param {import("../types").Polling | undefined} polling @param {Limits} limits
 * @param {string} vendorType
 * @returns {"imported" | "paused" | "failed" | "repeats" | "nothing"}
 */
export function silence(reading, polling, { lateS }, vendorType) {
  if (vendorType === IMPORT_ONLY) return "imported";
  if (!polling) return "nothing";
  if (!polling.isActive) return "paused";
  if (polling.consecutiveErrors && polling.lastError) return "failed";
  const answeredMs = Date.parse(polling.lastSuccessTime ?? "") - Date.parse(reading.receivedTime);
  return answeredMs > lateS * 1000 ? "repeats" : "nothing";
}
