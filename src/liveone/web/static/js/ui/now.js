// The server's time, moved on by this machine's clocks: what they show, right or wrong, changes no age.

import { snapshot } from "./text.js";

let serverMs = 0;
let wallMs = 0;
let steadyMs = 0;

/** Take over the server's time of an answer that has just come. @param {number} ms */
export function setNow(ms) {
  [serverMs, wallMs, steadyMs] = [ms, Date.now(), performance.now()];
}

/**
 * The server's time in epoch milliseconds. The steady clock stands still in some browsers while the machine sleeps, and
 * the other may be set back: whichever went further is right, or errs by calling a reading too old until the next answer.
 */
export function now() {
  return serverMs + Math.max(Date.now() - wallMs, performance.now() - steadyMs);
}

setNow(snapshot.now * 1000);
