// Paths of curves and areas. A gap in the values is a gap in the shape: nothing is drawn where nothing was read.

/** The stretches [first, last] of indexes below `size` for which `test` holds. @param {number} size @param {(index: number) => boolean} test */
export function runs(size, test) {
  /** @type {[number, number][]} */
  const found = [];
  let open = false;
  for (let index = 0; index < size; index += 1) {
    const holds = test(index);
    if (holds && open) found[found.length - 1][1] = index;
    else if (holds) found.push([index, index]);
    open = holds;
  }
  return found;
}

/**
 * @param {(index: number) => number} x @param {(index: number) => number} y @param {number} first @param {number} last
 */
export function linePath(x, y, first, last) {
  let path = "";
  for (let index = first; index <= last; index += 1) path += `${index === first ? "M" : "L"}${fixed(x(index))},${fixed(y(index))}`;
  return path;
}

/**
 * The area between two curves; a single value becomes a bar of `half` pixels to either side.
 * @param {(index: number) => number} x @param {(index: number) => number} low @param {(index: number) => number} high
 * @param {number} first @param {number} last @param {number} half
 */
export function areaPath(x, low, high, first, last, half) {
  if (first === last) {
    const left = fixed(x(first) - half);
    const right = fixed(x(first) + half);
    return `M${left},${fixed(low(first))}V${fixed(high(first))}H${right}V${fixed(low(first))}Z`;
  }
  let path = linePath(x, high, first, last);
  for (let index = last; index >= first; index -= 1) path += `L${fixed(x(index))},${fixed(low(index))}`;
  return `${path}Z`;
}

/** The index of the interval that holds `at`, or of the nearest. @param {number[]} from @param {number[]} to @param {number} at */
export function indexAt(from, to, at) {
  let low = 0;
  let high = to.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (to[middle] < at) low = middle + 1;
    else high = middle;
  }
  if (low > 0 && at <= from[low] && at - to[low - 1] < from[low] - at) return low - 1;
  return low;
}

/**
 * Join neighbours so that at most `most` values remain: means of what is known.
 * @param {import("../types").Track} track @param {number} most @returns {import("../types").Track}
 */
export function thinned(track, most) {
  const each = Math.ceil(track.from.length / most);
  if (each <= 1) return track;
  const groups = Array.from({ length: Math.ceil(track.from.length / each) }, (_, index) => index * each);
  const last = (/** @type {number} */ first) => Math.min(first + each, track.from.length) - 1;
  /** @type {Record<string, import("../types").Maybe[]>} */
  const values = {};
  for (const [key, all] of Object.entries(track.values)) values[key] = groups.map((first) => mean(all, first, last(first)));
  return { from: groups.map((first) => track.from[first]), to: groups.map((first) => track.to[last(first)]), values, estimated: {} };
}

/** @param {import("../types").Maybe[]} values @param {number} first @param {number} last */
function mean(values, first, last) {
  let sum = 0;
  let count = 0;
  for (let index = first; index <= last; index += 1) {
    const value = values[index];
    if (value !== null) {
      sum += value;
      count += 1;
    }
  }
  return count ? sum / count : null;
}

/** @param {number} value */
function fixed(value) {
  return Math.round(value * 10) / 10;
}
