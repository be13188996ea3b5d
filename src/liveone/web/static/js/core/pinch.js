// Two fingers on a chart: the moments they were put on stay under them, so that they stretch, squeeze and move time.

const NEAREST_PX = 24;

/**
 * @param {[number, number]} before where the two fingers were put, px @param {[number, number]} now where they are
 * @returns {{scale: number, shift: number}} x becomes x * scale + shift
 */
export function stretch(before, now) {
  const apart = (/** @type {[number, number]} */ [a, b]) => Math.max(NEAREST_PX, Math.abs(b - a));
  const scale = apart(now) / apart(before);
  const middle = (/** @type {[number, number]} */ [a, b]) => (a + b) / 2;
  return { scale, shift: middle(now) - middle(before) * scale };
}

/**
 * The stretch of time that lies between the edges after that.
 * @param {{left: number, right: number, startAt: number, endAt: number}} edges @param {{scale: number, shift: number}} by
 * @returns {[number, number]}
 */
export function stretched({ left, right, startAt, endAt }, { scale, shift }) {
  const at = (/** @type {number} */ x) => startAt + (((x - shift) / scale - left) / (right - left)) * (endAt - startAt);
  return [at(left), at(right)];
}
