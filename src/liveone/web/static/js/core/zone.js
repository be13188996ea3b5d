// The system's own local time, whatever the viewer's clock says. Days start at the first local midnight.

const MINUTE_MS = 60000;
const QUARTER_MS = 15 * MINUTE_MS;
const DAY_MS = 86400000;

/**
 * @param {{offsetMin: number, name: string | null}} zone an IANA name wins over the offset
 * @returns {import("../types").Zone}
 */
export function makeZone({ offsetMin, name }) {
  const offsetMs = name ? named(name) : () => offsetMin * MINUTE_MS;
  const local = (/** @type {number} */ at) => new Date(at + offsetMs(at));
  const at = (/** @type {string} */ day, /** @type {number} */ minutes) => {
    const wall = Date.parse(`${day}T00:00:00Z`) + minutes * MINUTE_MS;
    const guess = wall - offsetMs(wall);
    const better = wall - offsetMs(guess);
    return wall - offsetMs(Math.min(guess, better)) === Math.min(guess, better) ? Math.min(guess, better) : better;
  };
  return {
    offsetMs,
    at,
    start: (day) => at(day, 0),
    date: (when) => local(when).toISOString().slice(0, 10),
    minute: (when) => local(when).getUTCHours() * 60 + local(when).getUTCMinutes(),
    label: (when) => name ?? offsetText(offsetMs(when) / MINUTE_MS),
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
