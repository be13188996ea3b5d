// The flow diagram: who feeds whom now, as dots whose speed is a function of the power alone.
// The dots move in a few small steps a second: every frame costs the browser 3 to 6 ms, whatever is drawn,
// so sixty of them a second would cost a fifth of a CPU. Hidden, out of sight or with reduced motion: none.

import { direction, flows, isIdle, magnitude, sourceKey, speed, visible } from "../core/flows.js";
import { one, say, svg } from "../ui/dom.js";
import { format, t } from "../ui/text.js";
import { joined } from "../core/format.js";

const STEP_MS = 400;
const SPACING = 22;

/** @type {Record<string, string>} */
const PATHS = {
  "solar-load": "M214,96 C214,150 240,163 292,163",
  "solar-battery": "M200,98 V242",
  "solar-grid": "M186,96 C186,150 160,163 108,163",
  "grid-load": "M108,170 H292",
  "battery-load": "M214,244 C214,190 240,177 292,177",
  "grid-battery": "M108,177 C160,177 186,190 186,244",
  "battery-grid": "M186,244 C186,190 160,177 108,177",
};

/** @param {HTMLElement} box with the four nodes and an empty svg */
export function makeFlow(box) {
  const drawing = one("svg", box);
  const lines = Object.fromEntries(Object.entries(PATHS).map(([key, d]) => {
    const [from] = key.split("-");
    const ends = key.replace("-", " ");
    const rail = svg("path", { d, class: "rail", "data-of": ends });
    const dots = svg("path", { d, class: `dots ${from}`, "data-of": ends, "stroke-dasharray": `0 ${SPACING}` });
    drawing.append(rail, dots);
    return [key, { rail, dots, at: 0, w: 0 }];
  }));
  /** @type {Set<string>} */
  let drawn = new Set();
  animate(box, () => {
    if (box.dataset.mood === "frozen") return;
    for (const key of drawn) {
      const line = lines[key];
      line.at = (line.at + (speed(line.w) * STEP_MS) / 1000) % SPACING;
      line.dots.setAttribute("stroke-dashoffset", (-line.at).toFixed(1));
    }
  });
  return (/** @type {import("../types").Reading} */ reading, /** @type {number | null} */ soc) => {
    const found = flows(reading.power);
    drawn = visible(found);
    for (const [key, line] of Object.entries(lines)) {
      line.w = found[key] ?? 0;
      line.rail.classList.toggle("on", drawn.has(key));
      line.dots.classList.toggle("on", drawn.has(key));
    }
    fillNodes(box, reading, soc);
  };
}

/** @param {HTMLElement} box @param {() => void} step */
function animate(box, step) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let timer = 0;
  let inSight = true;
  const decide = () => {
    clearInterval(timer);
    const runs = inSight && !document.hidden && !calm.matches;
    timer = runs ? window.setInterval(step, STEP_MS) : 0;
    box.dataset.moving = String(runs);
  };
  new IntersectionObserver(([entry]) => {
    inSight = entry.isIntersecting;
    decide();
  }).observe(box);
  document.addEventListener("visibilitychange", decide);
  calm.addEventListener("change", decide);
  decide();
}

/** @param {HTMLElement} box @param {import("../types").Reading} reading @param {number | null} soc */
function fillNodes(box, reading, soc) {
  const { power, system } = reading;
  const running = Boolean(system.generatorStatus);
  node(box, "solar", power.solarW, power.solarW === null ? "words.unknown" : isIdle(power.solarW) ? "words.dark" : "words.producing");
  node(box, "load", power.loadW, power.loadW === null ? "words.unknown" : "words.using");
  node(box, "battery", magnitude(power.batteryW), direction(power.batteryW, "words.discharging", "words.charging"));
  node(box, "grid", magnitude(power.gridW), direction(power.gridW, running ? "words.generating" : "words.importing", "words.exporting"));
  say(one(".grid .title", box), t(sourceKey(reading)));
  one(".node.grid", box).classList.toggle("running", running);
  one(".node.battery", box).style.setProperty("--level", `${soc ?? 0}%`);
}

/** @param {HTMLElement} box @param {string} key @param {import("../types").Maybe} w @param {string} words */
function node(box, key, w, words) {
  const found = one(`.node.${key}`, box);
  say(one(".value", found), joined(format.watts(w)));
  say(one(".words", found), t(words));
  found.classList.toggle("idle", w === null || isIdle(w));
}
