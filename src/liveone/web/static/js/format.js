// Numbers, times and words as people read them. Signs: battery > 0 discharges, grid > 0 imports.

const IDLE_W = 25;

export const NOTHING = "\u2013";

export function watts(w) {
  if (w === null || w === undefined) return { number: NOTHING, unit: "" };
  const size = Math.abs(w);
  if (size < 1000) return { number: signed(w, String(Math.round(size))), unit: "W" };
  return { number: signed(w, (size / 1000).toFixed(size < 10000 ? 2 : 1)), unit: "kW" };
}

export function wattsText(w) {
  const { number, unit } = watts(w);
  return unit ? `${number} ${unit}` : "no reading";
}

export function kwh(value) {
  if (value === null || value === undefined) return NOTHING;
  const digits = Math.abs(value) < 10 ? 2 : Math.abs(value) < 1000 ? 1 : 0;
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function batteryWords(w) {
  return towards(w, "discharging", "charging");
}

export function gridWords(w) {
  return towards(w, "importing", "exporting");
}

function towards(w, plus, minus) {
  if (w === null || w === undefined) return "not reported";
  if (Math.abs(w) <= IDLE_W) return "idle";
  return w > 0 ? plus : minus;
}

function signed(value, text) {
  return value < 0 && /[1-9]/.test(text) ? `\u2212${text}` : text;
}

export function ageText(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 120) return `${s} s ago`;
  if (s < 7200) return `${Math.floor(s / 60)} min ago`;
  if (s < 172800) return `${Math.floor(s / 3600)} h ago`;
  return `${Math.floor(s / 86400)} days ago`;
}

// "2025-08-18T10:00:00+10:00" is read as it stands: the system's own clock, not the browser's.
export function localTime(iso) {
  return iso.slice(11, 16);
}

export function localDate(iso) {
  return iso.slice(0, 10);
}

export function offsetText(iso) {
  const offset = iso.slice(19);
  return offset === "+00:00" || offset === "Z" ? "UTC" : `UTC${offset.replace("-", "\u2212")}`;
}

export function offsetMs(iso) {
  const match = /([+-])(\d\d):(\d\d)$/.exec(iso);
  if (!match) return 0;
  return (match[1] === "-" ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3])) * 60000;
}
