// What is shown, as a file: a table for spreadsheets, or a picture.

import { csv } from "../core/csv.js";
import { ENERGIES, FIELDS } from "../core/energy.js";
import { LINES } from "../core/state.js";
import { element } from "../ui/dom.js";

const MARGIN = 16;
const STYLES = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "opacity", "font-size", "font-family"];

/** Headings by what they stand over, with the unit at their end. */
const TITLES = {
  ...Object.fromEntries(LINES.map((key) => [key, `${key}_w`])), soc: "soc_pct",
  ...Object.fromEntries(ENERGIES.map((key) => [FIELDS[key], FIELDS[key]])),
  coverage: "coverage_pct", dayCoverage: "day_coverage_pct",
};

/** @param {import("../types").Track} track @param {import("../types").Zone} zone @param {string} name */
export function saveCsv(track, zone, name) {
  save(new Blob([csv(track, TITLES, zone)], { type: "text/csv;charset=utf-8" }), `${name}.csv`);
}

/** All drawings within `stack`, one below the other, as they look now. @param {HTMLElement} stack @param {string} title @param {string} name */
export async function savePng(stack, title, name) {
  const drawings = [...stack.querySelectorAll("svg")];
  const style = getComputedStyle(stack);
  const ground = getComputedStyle(document.documentElement);
  const width = Math.max(...drawings.map((each) => each.clientWidth)) + 2 * MARGIN;
  const captions = 24;
  const height = drawings.reduce((total, each) => total + each.clientHeight + captions, 0) + 3 * MARGIN;
  const ratio = Math.max(2, devicePixelRatio);
  const canvas = /** @type {HTMLCanvasElement} */ (element("canvas", { width: width * ratio, height: height * ratio }));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.scale(ratio, ratio);
  context.fillStyle = ground.getPropertyValue("--card");
  context.fillRect(0, 0, width, height);
  context.fillStyle = style.color;
  context.font = `600 15px ${style.fontFamily}`;
  context.fillText(title, MARGIN, MARGIN + 10);
  let top = 2 * MARGIN + 8;
  for (const drawing of drawings) {
    context.font = `12px ${style.fontFamily}`;
    context.fillText(drawing.closest("figure")?.querySelector("figcaption")?.textContent ?? "", MARGIN, top + 10);
    context.drawImage(await picture(drawing), MARGIN, top + captions - 8);
    top += drawing.clientHeight + captions;
  }
  canvas.toBlob((blob) => blob && save(blob, `${name}.png`), "image/png");
}

/** @param {SVGSVGElement} drawing */
async function picture(drawing) {
  const copy = /** @type {SVGSVGElement} */ (drawing.cloneNode(true));
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const originals = drawing.querySelectorAll("*");
  copy.querySelectorAll("*").forEach((node, index) => {
    const style = getComputedStyle(originals[index]);
    for (const name of STYLES) node.setAttribute(name, style.getPropertyValue(name));
  });
  const address = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" }));
  const image = new Image();
  image.src = address;
  await image.decode();
  URL.revokeObjectURL(address);
  return image;
}

/** @param {Blob} blob @param {string} name */
function save(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = /** @type {HTMLAnchorElement} */ (element("a", { href: address, download: name }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
