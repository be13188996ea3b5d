// Building elements: text only ever goes in as text, and an address of ours as the browser needs it.

import { at } from "./root.js";

/** @typedef {string | number | boolean | null | undefined} Attribute */

/** @param {string} name @param {Record<string, Attribute>} attributes @param {(Node | string)[]} children @returns {HTMLElement} */
export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** @param {string} name @param {Record<string, Attribute>} attributes @param {(Node | string)[]} children @returns {SVGElement} */
export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

/** The element of that id, which the page has. @param {string} id @returns {HTMLElement} */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

/** @param {string} selector @param {ParentNode} within @returns {HTMLElement} */
export function one(selector, within = document) {
  const found = within.querySelector(selector);
  if (!found) throw new Error(`there is no ${selector}`);
  return /** @type {HTMLElement} */ (found);
}

/** Show text, or nothing at all; touches the page only when that changes it. @param {HTMLElement} node @param {string} text */
export function show(node, text) {
  if (node.textContent !== text) node.textContent = text;
  if (node.hidden !== !text) node.hidden = !text;
}

/** @param {Node} node @param {string} text */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Buttons of which one is pressed.
 * @param {HTMLElement} box @param {{key: string, title: string}[]} choices @param {string} chosen @param {(key: string) => void} onChoose
 */
export function segments(box, choices, chosen, onChoose) {
  if (box.children.length !== choices.length) {
    box.replaceChildren(...choices.map(({ key, title }) => {
      const button = element("button", { type: "button", "data-key": key }, title);
      button.addEventListener("click", () => onChoose(key));
      return button;
    }));
  }
  for (const button of box.children) button.setAttribute("aria-pressed", String(button.getAttribute("data-key") === chosen));
}

/**
 * @template {Element} T
 * @param {T} node @param {Record<string, Attribute>} attributes @param {(Node | string)[]} children
 */
function filled(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(key, "");
    else if (value !== undefined && value !== null && value !== false) {
      node.setAttribute(key, key === "href" || key === "src" ? at(String(value)) : String(value));
    }
  }
  node.append(...children);
  return node;
}
