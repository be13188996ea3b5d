// Fault codes in words. A code is only put into words where its meaning is known for that vendor; no public list
// of the SP PRO's codes could be found, so its entry is empty, and the page says the number and where to look it up.

/** @type {Record<string, Record<number, string>>} message keys by vendor and code */
export const KNOWN = { "select.live": {}, "select.live-lan": {} };

/** @param {string} vendor @param {import("../types").Maybe} code @returns {string | null} a message key, null without a fault */
export function faultKey(vendor, code) {
  if (!code) return null;
  return KNOWN[vendor]?.[code] ?? "fault.unknown";
}
