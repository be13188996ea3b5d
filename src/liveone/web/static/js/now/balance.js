// What comes in and what goes out as two bars on one scale, so that they visibly balance; what the meters leave
// unexplained is a part of its own, never hidden.

import { balance, sum } from "../core/flows.js";
import { joined } from "../core/format.js";
import { element, say } from "../ui/dom.js";
import { format, t } from "../ui/text.js";

const SEEN_W = 1;

/** @type {Record<string, Record<string, string>>} */
const TITLES = {
  in: { solar: "source.solar", battery: "flow.batteryOut", grid: "flow.gridIn", losses: "source.losses" },
  out: { load: "source.load", battery: "flow.batteryIn", grid: "flow.gridOut", losses: "source.losses" },
};

/** @param {HTMLElement} box @param {HTMLElement} rest what the meters leave unexplained @param {import("../types").Power} power */
export function fillBalance(box, rest, power) {
  const found = balance(power);
  box.replaceChildren(row("in", found.in, found.scaleW), row("out", found.out, found.scaleW));
  say(rest, joined(format.watts(found.residual)));
}

/** @param {"in" | "out"} side @param {{key: string, w: number}[]} parts @param {number} scaleW */
function row(side, parts, scaleW) {
  const shown = parts.filter(({ w }) => w >= SEEN_W);
  const bar = element("div", { class: "bars", "aria-hidden": "true" }, ...shown.map(({ key, w }) => {
    const piece = element("i", { class: key });
    piece.style.width = `${(100 * w) / scaleW}%`;
    return piece;
  }));
  const list = element("ul", { class: "parts" }, ...shown.filter(({ key }) => key !== "losses").map(({ key, w }) => element(
    "li", { class: key }, `${t(TITLES[side][key])} `, element("b", {}, joined(format.watts(w))),
  )));
  const head = element("p", { class: "side" }, element("span", {}, t(`balance.${side}`)), element("b", {}, joined(format.watts(sum(parts)))));
  return element("div", { class: "balance-row" }, head, bar, list);
}
