// How old a reading is, and what that means: fresh, late (amber, after three polls), silent (grey).

/** The vendor type of a system that is not polled: its readings are imported. */
export const IMPORT_ONLY = "none";

const MISSED_POLLS = 3;
const BELIEVED_MS = 10 * 60000;

/**
 * Seconds since the sample was taken. A device clock that is far off says nothing of the age: then count from
 * when the reading reached us.
 * @param {import("../types").Reading} reading @param {number} nowMs
 */
export function ageSeconds(reading, nowMs) {
  const taken = Date.parse(reading.timestamp);
  const received = Date.parse(reading.receivedTime);
  return Math.max(0, (nowMs - (Math.abs(received - taken) < BELIEVED_MS ? taken : received)) / 1000);
}

/**
 * Why nothing newer came: readings only come by import, polling is paused, it fails, its answers repeat one sample (the inverter gives its portal
 * nothing new), or nothing is known.
 * @param {import("../types").Reading} reading @param {import("../types").Polling | undefined} polling @param {number} cadenceS
 * @param {string} vendorType
 * @returns {"imported" | "paused" | "failed" | "repeats" | "nothing"}
 */
export function silence(reading, polling, cadenceS, vendorType) {
  if (vendorType === IMPORT_ONLY) return "imported";
  if (!polling) return "nothing";
  if (!polling.isActive) return "paused";
  if (polling.consecutiveErrors && polling.lastError) return "failed";
  const answeredMs = Date.parse(polling.lastSuccessTime ?? "") - Date.parse(reading.receivedTime);
  return answeredMs > MISSED_POLLS * cadenceS * 1000 ? "repeats" : "nothing";
}

/** @param {number} seconds @param {number} cadenceS @param {number} silentS @returns {"fresh" | "late" | "silent"} */
export function mood(seconds, cadenceS, silentS = 900) {
  if (seconds > silentS) return "silent";
  return seconds > MISSED_POLLS * cadenceS ? "late" : "fresh";
}
