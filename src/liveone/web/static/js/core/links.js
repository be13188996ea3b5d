// The small flow diagram of a card: where its nodes stand, and the arrows between them.

/** @type {Record<string, [number, number]>} */
export const SPOTS = { solar: [22, 20], load: [138, 20], grid: [22, 76], battery: [138, 76] };
export const VIEW = { width: 160, height: 96 };
export const RADIUS = 12;
const GAP = 6;
const THINNEST = 1.5;
const THICKEST = 7;
const FULL_W = 10000;

/** Ways that cross in the middle carry their arrow nearer to where they begin. */
const CROSSING = ["solar-battery", "battery-solar", "grid-load"];

/**
 * A straight way from the edge of one node to that of another, with the place and angle of its arrow.
 * @param {string} key "<from>-<to>" @param {number} w
 */
export function link(key, w) {
  const [from, to] = key.split("-").map((name) => SPOTS[name]);
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = Math.hypot(dx, dy);
  const at = (/** @type {number} */ distance) => /** @type {[number, number]} */ ([from[0] + (dx * distance) / length, from[1] + (dy * distance) / length]);
  const share = CROSSING.includes(key) ? 0.3 : 0.5;
  return {
    start: at(RADIUS + GAP), end: at(length - RADIUS - GAP), arrow: at(length * share),
    angle: (Math.atan2(dy, dx) * 180) / Math.PI, width: thickness(w),
  };
}

/** Every way that power can take. */
export const WAYS = ["solar-load", "solar-battery", "solar-grid", "grid-load", "battery-load", "grid-battery"];

/** Of a line: grows with the root of the power, and is the same for the same power everywhere. @param {number} w */
export function thickness(w) {
  return THINNEST + (THICKEST - THINNEST) * Math.sqrt(Math.min(1, Math.max(0, w) / FULL_W));
}

/** The stretch of a ring that a share fills. @param {number} share 0 to 1 @param {number} radius */
export function ring(share, radius) {
  const around = 2 * Math.PI * radius;
  return `${(Math.max(0, Math.min(1, share)) * around).toFixed(2)} ${around.toFixed(2)}`;
}
