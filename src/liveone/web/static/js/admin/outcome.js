// Says what was done, politely, and has the page look again.

import { byId, show } from "../ui/dom.js";

/** @param {string} text */
export function done(text) {
  show(byId("done"), text);
  dispatchEvent(new PopStateEvent("popstate"));
}

export function forget() {
  show(byId("done"), "");
}
