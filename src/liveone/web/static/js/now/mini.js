// The small flow diagram of a card: arrows as thick as the power is great. It stands still: hundreds may be in sight.

import { flows, isIdle, visible } from "../core/flows.js";
import { RADIUS, SPOTS, VIEW, WAYS, link, ring } from "../core/links.js";
import { svg } from "../ui/dom.js";

const BATTERY_RING = RADIUS + 2;

/** @returns {(power: import("../types").Power, soc: import("../types").Maybe) => void} fills `drawing` */
/** @param {SVGElement} drawing */
export function makeMini(drawing) {
  drawing.setAttribute("viewBox", `0 0 ${VIEW.width} ${VIEW.height}`);
  return (/** @type {import("../types").Power} */ power, /** @type {import("../types").Maybe} */ soc) => {
    const found = flows(power);
    const drawn = visible(found);
    const w = /** @type {Record<string, import("../types").Maybe>} */ ({ solar: power.solarW, load: power.loadW, battery: power.batteryW, grid: power.gridW });
    drawing.replaceChildren(
      ...WAYS.map((key) => way(key, link(key, 0), "rail")),
      ...[...drawn].flatMap((key) => arrow(key, found[key])),
      ...Object.entries(SPOTS).flatMap(([key, [cx, cy]]) => spot(key, cx, cy, { busy: !isIdle(w[key] ?? 0), soc })),
    );
  };
}

/** @param {string} key @param {number} w */
function arrow(key, w) {
  const line = link(key, w);
  const { arrow: [x, y], angle } = line;
  const [from] = key.split("-");
  const size = line.width / 2 + 3.5;
  return [
    way(key, line, from),
    svg("path", { class: `head ${from}`, d: `M${-size},${-size}L${size},0L${-size},${size}Z`, transform: `translate(${x.toFixed(1)} ${y.toFixed(1)}) rotate(${angle.toFixed(1)})` }),
  ];
}

/** @param {string} key @param {ReturnType<typeof link>} line @param {string} kind */
function way(key, { start, end, width }, kind) {
  return svg("line", { "data-of": key.replace("-", " "), class: `way ${kind}`, x1: start[0], y1: start[1], x2: end[0], y2: end[1], "stroke-width": width.toFixed(1) });
}

/** @param {string} key @param {number} cx @param {number} cy @param {{busy: boolean, soc: import("../types").Maybe}} about */
function spot(key, cx, cy, { busy, soc }) {
  const dot = svg("circle", { "data-of": key, class: `spot-dot ${key}${busy ? " busy" : ""}`, cx, cy, r: key === "battery" ? RADIUS - 2 : RADIUS });
  if (key !== "battery") return [dot];
  return [
    svg("circle", { "data-of": key, class: "ring-ground", cx, cy, r: BATTERY_RING }),
    svg("circle", { "data-of": key, class: "ring battery", cx, cy, r: BATTERY_RING, "stroke-dasharray": ring((soc ?? 0) / 100, BATTERY_RING), transform: `rotate(-90 ${cx} ${cy})` }),
    dot,
  ];
}
