// Who feeds whom, at one moment. Signs: battery > 0 discharges, grid > 0 imports.
// What cannot be measured (which watt went where) is allocated: solar first serves the house, then the battery.

/** Below this a power counts as none, in words and in pictures; as on the server (domain/battery.py, tests/directions.json). */
const IDLE_W = 50;
const FASTEST_PX_S = 27;

/**
 * @param {import("../types").Power} power
 * @returns {Record<string, number>} W by "<from>-<to>"
 */
export function flows(power) {
  const left = { solar: positive(power.solarW), battery: positive(power.batteryW), grid: positive(power.gridW) };
  const wanted = { load: positive(power.loadW), battery: positive(negated(power.batteryW)), grid: positive(negated(power.gridW)) };
  /** @type {Record<string, number>} */
  const found = {};
  const give = (/** @type {keyof typeof left} */ from, /** @type {keyof typeof wanted} */ to) => {
    const w = from === to ? 0 : Math.min(left[from], wanted[to]);
    left[from] -= w;
    wanted[to] -= w;
    if (from !== to) found[`${from}-${to}`] = w;
  };
  give("solar", "load");
  give("solar", "battery");
  give("solar", "grid");
  give("battery", "load");
  give("grid", "load");
  give("grid", "battery");
  give("battery", "grid");
  return found;
}

/** @param {number} w */
export function isIdle(w) {
  return Math.abs(w) < IDLE_W;
}

/** What a battery does at that power. @param {import("../types").Maybe} w @returns {"charging" | "discharging" | "idle" | "unknown"} */
export function stateOf(w) {
  if (w === null) return "unknown";
  if (isIdle(w)) return "idle";
  return w > 0 ? "discharging" : "charging";
}

/** Whichever of two message keys the direction of a power means. @param {import("../types").Maybe | undefined} w @param {string} plus @param {string} minus */
export function direction(w, plus, minus) {
  if (w === null || w === undefined) return "words.unknown";
  if (isIdle(w)) return "words.idle";
  return w > 0 ? plus : minus;
}

/** The flows to draw. @param {Record<string, number>} found @returns {Set<string>} */
export function visible(found) {
  return new Set(Object.keys(found).filter((key) => !isIdle(found[key])));
}

/**
 * What stands behind the inverter's other AC connection, as a message key: the generator when it runs, the grid where
 * energy was ever exported or no generator is known of, else either may.
 * @param {Pick<import("../types").Reading, "system" | "energy">} reading
 */
export function sourceKey({ system, energy }) {
  if (system.generatorStatus) return "source.generator";
  return system.generatorStatus === null || Number(energy.total.gridOutKwh) > 0 ? "source.grid" : "source.either";
}

/**
 * What energy through that connection is called: only the grid is imported from.
 * @param {Pick<import("../types").Reading, "system" | "energy"> | undefined} reading @param {string} key
 */
export function energyTitle(reading, key) {
  const fromEither = key === "gridIn" && reading !== undefined && sourceKey(reading) !== "source.grid";
  return fromEither ? "energy.eitherIn" : `energy.${key}`;
}

/** Pixels a second of a dot: a function of the power alone, so that 10 W always look like 10 W. @param {number} w */
export function speed(w) {
  return FASTEST_PX_S * Math.sqrt(Math.min(1, Math.max(0, w) / 10000));
}

/**
 * What the meters leave unexplained, in W; null without the load or without any source. What a house has not got gives
 * nothing. As on the server (Reading.losses_w, tests/losses.json), which says it of readings; histories have no such column.
 * @param {import("../types").Maybe} solar @param {import("../types").Maybe} battery @param {import("../types").Maybe} grid @param {import("../types").Maybe} load
 */
export function lossesW(solar, battery, grid, load) {
  if (load === null || (solar === null && battery === null && grid === null)) return null;
  return (solar ?? 0) + (battery ?? 0) + (grid ?? 0) - load;
}

/**
 * What comes in and what goes out, in W, as two sides of one length: the side that lacks something carries the rest as
 * "losses", whatever of the house is measured.
 * @param {import("../types").Power} power
 */
export function balance(power) {
  const coming = [part("solar", positive(power.solarW)), part("battery", positive(power.batteryW)), part("grid", positive(power.gridW))];
  const going = [part("load", positive(power.loadW)), part("battery", positive(negated(power.batteryW))), part("grid", positive(negated(power.gridW)))];
  const rest = sum(coming) - sum(going);
  if (rest > 0) going.push(part("losses", rest));
  if (rest < 0) coming.push(part("losses", -rest));
  return { in: coming, out: going, scaleW: Math.max(sum(coming), 1) };
}

/** @param {{w: number}[]} parts */
export function sum(parts) {
  return parts.reduce((total, { w }) => total + w, 0);
}

/** @param {string} key @param {number} w */
function part(key, w) {
  return { key, w };
}

/** @param {import("../types").Maybe} w */
function positive(w) {
  return Math.max(0, w ?? 0);
}

/** Power without its direction, which is said in words. @param {import("../types").Maybe} w */
export function magnitude(w) {
  return w === null ? null : Math.abs(w);
}

/**
 * The message that names a node by the way its power takes: "from battery", "to grid", or its name alone.
 * @param {"battery" | "grid"} key @param {import("../types").Maybe} w
 */
export function wayKey(key, w) {
  if (w === null || isIdle(w)) return `source.${key}`;
  if (key === "battery") return w > 0 ? "flow.batteryOut" : "flow.batteryIn";
  return w > 0 ? "flow.gridIn" : "flow.gridOut";
}

/** @param {import("../types").Maybe} w */
function negated(w) {
  return w === null ? null : -w;
}
