// The year heat map: one year of days, coloured by what the reader chooses; a day leads to its charts.

import { dayShare } from "../core/coverage.js";
import { FIELDS } from "../core/energy.js";
import { energyTitle } from "../core/flows.js";
import { joined } from "../core/format.js";
import { addDays } from "../core/zone.js";
import { drawHeat } from "../charts/heat.js";
import { ask } from "../ui/api.js";
import { byId, element, say, segments } from "../ui/dom.js";
import { format, t } from "../ui/text.js";
import { history } from "./load.js";

const MARGIN_PX = 12;

/** @type {Record<string, string>} */
const HUES = { solar: "solar", load: "load", gridIn: "grid", coverage: "soc" };

/**
 * @param {{systemId: number, zone: import("../types").Zone, firstAt: number, now: () => number, latest: () => import("../types").Reading, onPick: (day: string) => void, onHeat: (heat: string) => void}} around
 */
export function makeHeat(around) {
  /** @type {{year: string, days: string[], values: Record<string, import("../types").Maybe[]>} | null} */
  let loaded = null;
  let year = "";

  const titleOf = (/** @type {string} */ key) => t(key === "gridIn" ? energyTitle(around.latest(), key) : `heat.${key}`);

  /** @param {string} day @param {string} heat */
  async function show(day, heat) {
    segments(byId("heats"), Object.keys(HUES).map((key) => ({ key, title: titleOf(key) })), heat, around.onHeat);
    const isNew = year !== day.slice(0, 4);
    if (isNew) {
      year = day.slice(0, 4);
      loaded = await load(around, year);
    }
    if (!loaded || loaded.year !== year) return;
    const values = loaded.values[heat];
    const known = loaded;
    const text = (/** @type {number} */ index) => {
      const value = values[index];
      const said = value === null ? t("heat.nothing") : heat === "coverage" ? format.pct(value) : joined(format.kwh(value));
      return `${format.day(known.days[index])}: ${said}`;
    };
    say(byId("heat-title"), t("heat.year", { year, what: titleOf(heat) }));
    const rest = t("heat.hint");
    say(byId("heat-text"), rest);
    const most = heat === "coverage" ? 100 : Math.max(0, ...values.map((value) => value ?? 0));
    const ends = heat === "coverage" ? [format.pct(0), format.pct(100)] : ["0", joined(format.kwh(most))];
    byId("heat-scale").className = `scale ${HUES[heat]}`;
    byId("heat-scale").replaceChildren(ends[0], element("i"), ends[1]);
    drawHeat(byId("heat"), {
      days: known.days, values, text, hue: HUES[heat], today: around.zone.date(around.now()), most,
      onPick: around.onPick, onPoint: (said) => say(byId("heat-text"), said || rest),
    });
    if (isNew) scrollTo(known.days.indexOf(around.zone.date(around.now())));
  }
  return { show };
}

/** Where the map is wider than the page it begins with today in sight. @param {number} index */
function scrollTo(index) {
  const box = byId("heat");
  const cell = box.querySelector(`[data-index="${index}"]`);
  if (!cell) return;
  // scrollIntoView would scroll the whole page as well.
  const right = cell.getBoundingClientRect().right - box.getBoundingClientRect().left + box.scrollLeft;
  box.scrollLeft = right - box.clientWidth + MARGIN_PX;
}

/** @param {{systemId: number, zone: import("../types").Zone, firstAt: number}} around @param {string} year */
async function load({ systemId, zone, firstAt }, year) {
  const first = `${year}-01-01`;
  const next = `${Number(year) + 1}-01-01`;
  const span = { first, next, startAt: zone.start(first), endAt: zone.start(next) };
  const keys = ["solar", "load", "gridIn"];
  const [track, covered] = await Promise.all([
    history(systemId, span, keys.map((key) => FIELDS[key]), { interval: "auto", points: 370 }, zone),
    ask(`/api/coverage?systemId=${systemId}&startTime=${first}&endTime=${addDays(next, -1)}`),
  ]);
  /** @type {Record<string, import("../types").Maybe[]>} */
  const values = Object.fromEntries(keys.map((key) => [key, track.values[FIELDS[key]]]));
  values.coverage = covered.read.map((/** @type {number} */ read, /** @type {number} */ index) => {
    const share = dayShare([track.from[index], track.to[index]], read, covered.expected[index], firstAt);
    return share === null ? null : 100 * share;
  });
  return { year, days: track.from.map((from) => zone.date(from)), values };
}
