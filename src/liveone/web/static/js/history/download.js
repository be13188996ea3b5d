// What is shown, as a file: a table for spreadsheets, or a picture.

import { csv } from "../core/csv.js";
import { ENERGIES, FIELDS } from "../core/energy.js";
import { LINES } from "../core/state.js";
import { element } from "../ui/dom.js";

const MARGIN = 16;
const [SWATCH, LINE] = [10, 18];
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

/** All drawings within `stack`, one below the other, as they look now, with what their colours mean. @param {HTMLElement} stack @param {HTMLElement} legend @param {string} title @param {string} name */
export async function savePng(stack, legend, title, name) {
  const drawings = [...stack.querySelectorAll("svg")];
  const style = getComputedStyle(stack);
  const ground = getComputedStyle(document.documentElement);
  const width = Math.max(...drawings.map((each) => each.clientWidth)) + 2 * MARGIN;
  const captions = 24;
  const keys = placed(legend, width, style.fontFamily);
  const height = drawings.reduce((total, each) => total + each.clientHeight + captions, 0) + 3 * MARGIN + keys.height;
  // At least twice the pixels: the file is looked at on other screens than this one.
  const ratio = Math.max(2, devicePixelRatio);
  const canvas = /** @type {HTMLCanvasElement} */ (element("canvas", { width: width * ratio, height: height * ratio }));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.scale(ratio, ratio);
  context.fillStyle = ground.getPropertyValue("--card");
  context.fillRect(0, 0, width, height);
  context.fillStyle = style.color;
  context.font = `600 15px ${style.fontFamily}`;
  context.fillText(title, MARGIN, MARGIN + 10);
  keys.draw(context, 2 * MARGIN + 8);
  let top = 2 * MARGIN + 8 + keys.height;
  for (const drawing of drawings) {
    context.font = `12px ${style.fontFamily}`;
    context.fillText(drawing.closest("figure")?.querySelector("figcaption")?.textContent ?? "", MARGIN, top + 10);
    context.drawImage(await picture(drawing), MARGIN, top + captions - 8);
    top += drawing.clientHeight + captions;
  }
  canvas.toBlob((blob) => blob && save(blob, `${name}.png`), "image/png");
}

/**
 * The legend's entries in lines as wide as the picture; `draw` writes them from `top` on.
 * @param {HTMLElement} legend @param {number} width @param {string} family
 */
function placed(legend, width, family) {
  const shown = [...legend.querySelectorAll("li")].filter((item) => !item.hidden && item.offsetParent);
  const measure = /** @type {CanvasRenderingContext2D} */ (/** @type {HTMLCanvasElement} */ (element("canvas")).getContext("2d"));
  measure.font = `12px ${family}`;
  let [x, line] = [MARGIN, 0];
  const entries = shown.map((item) => {
    const text = item.textContent ?? "";
    const size = SWATCH + 6 + measure.measureText(text).width + MARGIN;
    if (x > MARGIN && x + size > width) [x, line] = [MARGIN, line + 1];
    const entry = { text, x, line, hue: getComputedStyle(item.querySelector("button") ?? item, "::before") };
    x += size;
    return entry;
  });
  /** @param {CanvasRenderingContext2D} context @param {number} top */
  const draw = (context, top) => {
    context.font = measure.font;
    for (const { text, x: left, line: row, hue } of entries) {
      swatch(context, left, top + row * LINE, hue);
      context.fillText(text, left + SWATCH + 6, top + row * LINE + SWATCH);
    }
  };
  return { height: entries.length ? (line + 1) * LINE : 0, draw };
}

/** As the page shows it: filled, hatched, or dashes. @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {CSSStyleDeclaration} hue */
function swatch(context, x, y, hue) {
  context.save();
  context.fillStyle = hue.backgroundColor;
  context.fillRect(x, y, SWATCH, SWATCH);
  context.beginPath();
  context.rect(x, y, SWATCH, SWATCH);
  context.clip();
  if (hue.borderTopStyle === "dashed") [[0, 4], [6, 10]].forEach(([from, to]) => line(context, [x + from, y + SWATCH / 2], [x + to, y + SWATCH / 2]));
  else if (hue.backgroundImage !== "none") [-SWATCH, -SWATCH / 2, 0, SWATCH / 2].forEach((by) => line(context, [x + by, y + SWATCH], [x + by + SWATCH, y]));
  context.restore();
}

/** @param {CanvasRenderingContext2D} context @param {[number, number]} from @param {[number, number]} to */
function line(context, from, to) {
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.strokeStyle = getComputedStyle(document.body).color;
  context.lineWidth = 1;
  context.stroke();
}

/** @param {SVGSVGElement} drawing */
async function picture(drawing) {
  const copy = /** @type {SVGSVGElement} */ (drawing.cloneNode(true));
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const originals = drawing.querySelectorAll("*");
  copy.querySelectorAll("*").forEach((node, index) => {
    const style = getComputedStyle(originals[index]);
    // An SVG that is loaded as an image sees none of the
    // page's style sheets, so the computed values go along.
    for (const name of STYLES) node.setAttribute(name, style.getPropertyValue(name));
  });
  const address = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" }));
  const image = new Image();
  image.src = address;
  // drawImage draws nothing of a picture that is not loaded yet.
  await image.decode();
  URL.revokeObjectURL(address);
  return image;
}

/** @param {Blob} blob @param {string} name */
function save(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = /** @type {HTMLAnchorElement} */ (element("a", { href: address, download: name }));
  link.click();
  // The click only begins the download: revoked at once, some browsers find nothing at the address.
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
