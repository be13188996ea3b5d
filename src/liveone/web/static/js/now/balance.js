// What comes in and what goes out as two bars on one scale, so that they visibly balance; what the meters leave
// unexplained is a part of its own, never hidden.

import { balance, isIdle, sourceKey, sum } from "../core/flows.js";
import { joined } from "../core/format.js";
import { element, say } from "../ui/dom.js";
import { format, t } from "../ui/text.js";

const SEEN_W = 1;

/** @type {Record<string, Record<string, string>>} */
const TITLES = {
  in: { solar: "source.solar", battery: "flow.batteryOut", grid: "flow.gridIn", losses: "source.losses" },
  out: { load: "source.load", battery: "flow.batteryIn", grid: "flow.gridOut", losses: "source.losses" },
};

/** @type {Record<string, string>} */
const SOURCES = { "source.grid": "flow.gridIn", "source.generator": "flow.generator", "source.either": "flow.eitherIn" };

/** @param {HTMLElement} box @param {HTMLElement} rest what the meters leave unexplained @param {import("../types").Reading} reading */
export function fillBalance(box, rest, reading) {
  const found = balance(reading.power);
  const coming = { ...TITLES.in, grid: SOURCES[sourceKey(reading)] };
  box.replaceChildren(row("in", found, found.in, coming), row("out", found, found.out, TITLES.out));
  say(rest, joined(format.watts(reading.power.lossesW)));
}

/** @param {"in" | "out"} side @param {{scaleW: number}} scale @param {{key: string, w: number}[]} parts @param {Record<string, string>} titles */
function row(side, { scaleW }, parts, titles) {
  const shown = parts.filter(({ w }) => w >= SEEN_W);
  const bar = element("div", { class: "bars", "aria-hidden": "true" }, ...shown.map(({ key, w }) => {
    const piece = element("i", { class: key });
    piece.style.width = `${(100 * w) / scaleW}%`;
    return piece;
  }));
  const list = element("ul", { class: "parts" }, ...shown.filter(({ key, w }) => key !== "losses" && !isIdle(w)).map(({ key, w }) => element(
    "li", { class: key }, `${t(titles[key])} `, element("b", {}, joined(format.watts(w))),
  )));
  const head = element("p", { class: "side" }, element("span", {}, t(`balance.${side}`)), element("b", {}, joined(format.watts(sum(parts)))));
  return element("div", { class: "balance-row" }, head, bar, list);
}
