// How long the battery lasts at the present rate. Capacities are the text that the vendor gives: "63.6 kWh".

const IDLE_W = 50;

/** @param {string | null | undefined} text @returns {import("../types").Maybe} */
export function capacityKwh(text) {
  const found = /([\d.]+)\s*(k|m)?wh/i.exec(text ?? "");
  if (!found || !(Number(found[1]) > 0)) return null;
  return Number(found[1]) * ({ k: 1, m: 1000 }[(found[2] ?? "").toLowerCase()] ?? 0.001);
}

/** @param {import("../types").Maybe} soc % @param {import("../types").Maybe} kwh capacity @returns {import("../types").Maybe} */
export function storedKwh(soc, kwh) {
  return soc === null || kwh === null ? null : (soc / 100) * kwh;
}

/** Whether anything is known of a battery: its size, its level or its power. @param {import("../types").Reading} reading @param {import("../types").Maybe} kwh capacity */
export function hasBattery({ power, soc }, kwh) {
  return kwh !== null || soc.battery !== null || power.batteryW !== null;
}

/**
 * @param {import("../types").Maybe} batteryW > 0 discharges @param {import("../types").Maybe} soc % @param {import("../types").Maybe} kwh capacity
 * @returns {{towards: "full" | "empty" | "idle" | "unknown", hours: import("../types").Maybe}}
 */
export function outlook(batteryW, soc, kwh) {
  if (batteryW === null || soc === null) return { towards: "unknown", hours: null };
  if (Math.abs(batteryW) < IDLE_W) return { towards: "idle", hours: null };
  const share = batteryW > 0 ? soc : 100 - soc;
  const hours = kwh === null ? null : ((share / 100) * kwh * 1000) / Math.abs(batteryW);
  return { towards: batteryW > 0 ? "empty" : "full", hours };
}
