// Times and sizes of the administrator's page in the reader's locale.

import { NOTHING } from "../core/format.js";
import { format, locale } from "../ui/text.js";

const SECOND_MS = 1000;
const UNITS = ["B", "kB", "MB", "GB", "TB"];
const ISO = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)/;
const here = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" });
const there = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });

/** In the reader's own time: for what concerns the server. @param {number | null | undefined} at UTC epoch seconds */
export function moment(at) {
  return at ? here.format(at * SECOND_MS) : NOTHING;
}

/** The local time that an instant of a system says, whatever its offset. @param {string | null} iso */
export function local(iso) {
  const [, ...parts] = ISO.exec(iso ?? "") ?? [];
  if (!parts.length) return NOTHING;
  const [year, month, day, hour, minute, second] = parts.map(Number);
  return there.format(Date.UTC(year, month - 1, day, hour, minute, second));
}

/** @param {number} bytes */
export function size(bytes) {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  return `${format.decimal(bytes / 1000 ** power, power ? 1 : 0)} ${UNITS[power]}`;
}

/** @param {number | null | undefined} number */
export function count(number) {
  return number === null || number === undefined ? NOTHING : format.decimal(number, 0);
}
