// What is shown, as a table for spreadsheets: times with their offset, empty cells for what was not read.

/**
 * @param {import("../types").Track} track @param {Record<string, string>} titles column titles by key
 * @param {import("../types").Zone} zone
 */
export function csv(track, titles, zone) {
  const keys = Object.keys(titles).filter((key) => track.values[key]);
  const head = ["from", "to", ...keys.map((key) => titles[key]), ...keys.filter(hasEstimates(track)).map((key) => `${titles[key]} estimated`)];
  const rows = track.from.map((from, index) => [
    iso(from, zone),
    iso(track.to[index], zone),
    ...keys.map((key) => cell(track.values[key][index])),
    ...keys.filter(hasEstimates(track)).map((key) => (track.estimated[key].has(index) ? "1" : "0")),
  ]);
  return `${[head, ...rows].map((row) => row.join(",")).join("\r\n")}\r\n`;
}

/** @param {number} at @param {import("../types").Zone} zone */
export function iso(at, zone) {
  const offset = zone.offsetMs(at) / 60000;
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const size = Math.abs(offset);
  return `${new Date(at + offset * 60000).toISOString().slice(0, 19)}${offset < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** @param {import("../types").Track} track */
function hasEstimates(track) {
  return (/** @type {string} */ key) => track.estimated[key] !== undefined;
}

/** @param {import("../types").Maybe | undefined} value */
function cell(value) {
  return value === null || value === undefined ? "" : String(Math.round(value * 10000) / 10000);
}
