// What a house has got: a part is there unless everything that is known of it says that it is not.

/** @typedef {"solar" | "battery" | "grid"} Part */

/** Each part's power, counters, and what else only a house that has it tells. */
const KNOWN = /** @type {Record<Part, {watts: "solarW" | "batteryW" | "gridW", counters: string[]}>} */ ({
  solar: { watts: "solarW", counters: ["solarKwh"] },
  battery: { watts: "batteryW", counters: ["batteryInKwh", "batteryOutKwh"] },
  grid: { watts: "gridW", counters: ["gridInKwh", "gridOutKwh"] },
});

/**
 * The parts that the house has not got: no power is measured there, or none flows and its counters never moved. Where
 * nothing counts, a power of 0 may be night.
 * @param {Pick<import("../types").Data, "latest" | "systemInfo"> | Pick<import("../types").Card, "latest" | "systemInfo">} data @returns {Part[]}
 */
export function missing({ latest, systemInfo }) {
  if (!latest) return [];
  const told = { solar: Boolean(systemInfo?.solarSize), battery: Boolean(systemInfo?.batterySize) || latest.soc.battery !== null, grid: Boolean(latest.system.generatorStatus) };
  return /** @type {Part[]} */ (Object.keys(KNOWN)).filter((part) => {
    const { watts, counters } = KNOWN[part];
    const w = latest.power[watts];
    const counted = counters.map((name) => latest.energy.total[name] ?? null);
    if (told[part] || w || counted.some(Boolean)) return false;
    return w === null || counted.some((kwh) => kwh === 0);
  });
}
