// The event stream. Browsers reconnect by themselves after a broken connection, but not after a refusal:
// then we try again ourselves, later and later, at most a minute apart.

import { at } from "./root.js";

const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = 60000;

/**
 * @param {number | "all"} systemId
 * @param {{onReading: (reading: import("../types").Reading) => void, onNow?: (reading: import("../types").Reading) => void, onReload: () => void, onState: (state: string) => void}} on
 */
export function listen(systemId, { onReading, onNow, onReload, onState }) {
  /** @type {EventSource} */
  let source;
  let timer = 0;
  let waitMs = FIRST_WAIT_MS;

  function open() {
    source = new EventSource(at(`/api/stream?systemId=${systemId}`));
    source.addEventListener("open", () => {
      waitMs = FIRST_WAIT_MS;
      onState("live");
    });
    source.addEventListener("reading", (event) => onReading(JSON.parse(event.data)));
    if (onNow) source.addEventListener("now", (event) => onNow(JSON.parse(event.data)));
    source.addEventListener("reload", onReload);
    source.addEventListener("error", failed);
  }

  function failed() {
    onState("waiting");
    if (source.readyState !== EventSource.CLOSED || timer) return;
    timer = setTimeout(() => {
      timer = 0;
      onReload();
      open();
    }, waitMs);
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
  }

  open();
  return () => {
    clearTimeout(timer);
    source.close();
  };
}
