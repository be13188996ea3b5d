// Numbers and times as people read them, in the reader's locale; local times are the system's.

const WEEK_MS = 7 * 86400000;

export const NOTHING = "\u2013";

/** Between a number and its unit no line may end. */
export const CLOSE = "\u00a0";

const QUANTITY = /(\d+(?:\.\d+)?) ?([kM]?(?:Wh|Wp|W|VA|Ah|A|V))\b/g;

/** @param {string} locale */
export function makeFormat(locale) {
  /** @type {Map<string, Intl.NumberFormat>} */
  const numbers = new Map();
  /** @param {number} value @param {number} digits @param {boolean} grouped */
  const decimal = (value, digits, grouped = true) => {
    const key = `${digits}${grouped}`;
    if (!numbers.has(key)) {
      numbers.set(key, new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: grouped }));
    }
    const text = /** @type {Intl.NumberFormat} */ (numbers.get(key)).format(Math.abs(value));
    return value < 0 && /[1-9]/.test(text) ? `\u2212${text}` : text;
  };
  const date = (/** @type {Intl.DateTimeFormatOptions} */ options) => {
    /** @type {Intl.DateTimeFormat | null} made when it is first asked for: making one takes milliseconds */
    let format = null;
    return (/** @type {string} */ day) => (format ??= new Intl.DateTimeFormat(locale, { timeZone: "UTC", ...options })).format(Date.parse(`${day}T00:00:00Z`));
  };
  return {
    decimal,
    /** @param {import("../types").Maybe | undefined} w */
    watts: (w) => watts(w, decimal),
    /** @param {import("../types").Maybe | undefined} value */
    kwh: (value) => kwhText(value, decimal),
    /** @param {import("../types").Maybe | undefined} share */
    percent: (share) => (share === null || share === undefined ? NOTHING : `${decimal(share * 100, 0)}${CLOSE}%`),
    /** @param {import("../types").Maybe | undefined} value */
    pct: (value) => (value === null || value === undefined ? NOTHING : `${decimal(value, 0)}${CLOSE}%`),
    /** What a vendor says of its hardware, with numbers as the reader writes them: "9.8 kW". @param {string | null} text */
    told: (text) => text && text.replace(QUANTITY, (_, number, unit) => `${decimal(Number(number), (number.split(".")[1] ?? "").length)}${CLOSE}${unit}`),
    day: date({ weekday: "short", day: "numeric", month: "short", year: "numeric" }),
    date: date({ day: "numeric", month: "short", year: "numeric" }),
    shortDay: date({ day: "numeric", month: "short" }),
    weekday: date({ weekday: "short", day: "numeric", month: "short" }),
    weekdayName: date({ weekday: "narrow" }),
    month: date({ month: "long", year: "numeric" }),
    shortMonth: date({ month: "short" }),
  };
}

/** @typedef {ReturnType<typeof makeFormat>} Format */

/** @param {import("../types").Maybe | undefined} w @param {(value: number, digits: number) => string} decimal */
function watts(w, decimal) {
  if (w === null || w === undefined) return { number: NOTHING, unit: "" };
  if (Math.abs(w) < 999.5) return { number: decimal(w, 0), unit: "W" };
  return { number: decimal(w / 1000, Math.abs(w) < 10000 ? 2 : 1), unit: "kW" };
}

/** Three digits or more, MWh from ten thousand kWh on. @param {import("../types").Maybe | undefined} value @param {(value: number, digits: number) => string} decimal */
function kwhText(value, decimal) {
  if (value === null || value === undefined) return { number: NOTHING, unit: "kWh" };
  const size = Math.abs(value);
  if (!size) return { number: "0", unit: "kWh" };
  if (size >= 10000) return { number: decimal(value / 1000, size < 100000 ? 2 : 1), unit: "MWh" };
  return { number: decimal(value, size < 10 ? 2 : size < 1000 ? 1 : 0), unit: "kWh" };
}

/** @param {{number: string, unit: string}} value */
export function joined({ number, unit }) {
  return unit && number !== NOTHING ? `${number}${CLOSE}${unit}` : number;
}

/** "14:05" of the system's clock, with the offset where the clock shows that time twice. @param {number} at @param {import("../types").Zone} zone */
export function clock(at, zone) {
  return zone.twice(at) ? `${face(at, zone)} ${zone.offset(at)}` : face(at, zone);
}

/** "14:05", and nothing else. @param {number} at @param {import("../types").Zone} zone */
export function face(at, zone) {
  const minute = zone.minute(at);
  return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
}

/** The time, with its date unless that is today. @param {number} at @param {number} nowAt @param {import("../types").Zone} zone @param {Format} format */
export function moment(at, nowAt, zone, format) {
  const day = zone.date(at);
  if (day === zone.date(nowAt)) return clock(at, zone);
  const text = nowAt - at < WEEK_MS ? format.weekday(day) : format.day(day);
  return `${text}, ${clock(at, zone)}`;
}

/** A number and a message key: {n: 12, key: "age.seconds"}. @param {number} seconds */
export function age(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 120) return { key: "age.seconds", n: s };
  if (s < 7200) return { key: "age.minutes", n: Math.floor(s / 60) };
  if (s < 172800) return { key: "age.hours", n: Math.floor(s / 3600) };
  return { key: "age.days", n: Math.floor(s / 86400) };
}

/** "3 h 20 min", "14 h", "3 d": no more exact than a forecast at a steady rate deserves. @param {number} hours */
export function duration(hours) {
  const minutes = Math.round(hours * 60);
  if (minutes < 60) return `${minutes}${CLOSE}min`;
  if (minutes < 600) return [Math.floor(minutes / 60), "h", String(minutes % 60).padStart(2, "0"), "min"].join(CLOSE);
  if (minutes < 48 * 60) return `${Math.round(minutes / 60)}${CLOSE}h`;
  return `${Math.round(minutes / 1440)}${CLOSE}d`;
}
