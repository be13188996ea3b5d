// The system's own local time, whatever the viewer's clock says. Days start at the first local midnight.

const MINUTE_MS = 60000;
const QUARTER_MS = 15 * MINUTE_MS;
const DAY_MS = 86400000;

/**
 * By the server's list of changes where it came along, so that both count the same days; else by the browser's own
 * for an IANA name, which wins over the offset.
 * @param {import("../types").TimeZone} zone
 * @returns {import("../types").Zone}
 */
export function makeZone({ offsetMin, name, transitions }) {
  const offsetMs = transitions?.length ? listed(transitions) : name ? named(name) : () => offsetMin * MINUTE_MS;
  const local = (/** @type {number} */ at) => new Date(at + offsetMs(at));
  const at = (/** @type {string} */ day, /** @type {number} */ minutes) => atWall(Date.parse(`${day}T00:00:00Z`) + minutes * MINUTE_MS, offsetMs);
  return {
    offsetMs,
    at,
    start: (day) => at(day, 0),
    date: (when) => local(when).toISOString().slice(0, 10),
    minute: (when) => local(when).getUTCHours() * 60 + local(when).getUTCMinutes(),
    label: (when) => name ?? offsetText(offsetMs(when) / MINUTE_MS),
    offset: (when) => offsetText(offsetMs(when) / MINUTE_MS),
    twice: (when) => showing(when + offsetMs(when), offsetMs).length > 1,
  };
}

/** @param {string} day @param {number} days */
export function addDays(day, days) {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** @param {string} first @param {string} last how many days from one to the other */
export function daysBetween(first, last) {
  return Math.round((Date.parse(`${last}T00:00:00Z`) - Date.parse(`${first}T00:00:00Z`)) / DAY_MS);
}

/** @param {number} minutes east of UTC */
export function offsetText(minutes) {
  if (!minutes) return "UTC";
  const size = Math.abs(minutes);
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return `UTC${minutes < 0 ? "\u2212" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/**
 * The first instant at which clocks show `wall`; where they skip it, the moment at which they skip.
 * @param {number} wall what they show, as if it were UTC @param {(at: number) => number} offsetMs
 */
function atWall(wall, offsetMs) {
  const shown = showing(wall, offsetMs);
  return shown.length ? Math.min(...shown) : changeBetween(wall - DAY_MS, wall + DAY_MS, offsetMs);
}

/** The instants at which clocks show `wall`: one, two, or none. @param {number} wall @param {(at: number) => number} offsetMs */
function showing(wall, offsetMs) {
  const offsets = new Set([offsetMs(wall - DAY_MS), offsetMs(wall + DAY_MS)]);
  return [...offsets].map((offset) => wall - offset).filter((at) => at + offsetMs(at) === wall);
}

/** The first instant of another offset than at `from`, to the minute. @param {number} from @param {number} to @param {(at: number) => number} offsetMs */
function changeBetween(from, to, offsetMs) {
  const before = offsetMs(from);
  let [low, high] = [from, to];
  while (high - low > MINUTE_MS) {
    const middle = Math.floor((low + high) / 2 / MINUTE_MS) * MINUTE_MS;
    if (offsetMs(middle) === before) low = middle;
    else high = middle;
  }
  return high;
}

/** @param {[number, number][]} transitions from which second on how many minutes east of UTC, oldest first */
function listed(transitions) {
  return (/** @type {number} */ at) => {
    let [low, high] = [0, transitions.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (transitions[middle][0] * 1000 <= at) low = middle;
      else high = middle;
    }
    return transitions[low][1] * MINUTE_MS;
  };
}

/** @param {string} name */
function named(name) {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone: name, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit",
    hour: "2-digit", minute: "2-digit", second: "2-digit",
  });
  /** @type {Map<number, number>} */
  const known = new Map();
  return (/** @type {number} */ at) => {
    const slot = Math.floor(at / QUARTER_MS);
    const found = known.get(slot);
    if (found !== undefined) return found;
    const asked = slot * QUARTER_MS;
    const part = Object.fromEntries(format.formatToParts(asked).map(({ type, value }) => [type, Number(value)]));
    const wall = Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second);
    if (known.size > 5000) known.clear();
    known.set(slot, wall - asked);
    return wall - asked;
  };
}
