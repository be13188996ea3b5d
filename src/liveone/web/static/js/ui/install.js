// Registers the service worker, once the page is there and nothing waits for the network.

import { at, ROOT } from "./root.js";

/** Where the files of this release are: /static/v-.... */
const BASE = new URL(import.meta.url).pathname.slice(ROOT.length).split("/").slice(0, 3).join("/");

export function installable() {
  if (!("serviceWorker" in navigator)) return;
  const address = at(`/service-worker.js?base=${BASE}&lang=${document.documentElement.lang}`);
  const register = () => takeOver(address).catch(() => undefined);
  if (document.readyState === "complete") register();
  else addEventListener("load", register, { once: true });
}

/**
 * A worker claims the pages that are open when it becomes active. A page that is just being loaded then is
 * missed, and so is one that was reloaded past the cache: they ask once more.
 * @param {string} address
 */
async function takeOver(address) {
  await navigator.serviceWorker.register(address);
  const { active } = await navigator.serviceWorker.ready;
  if (!navigator.serviceWorker.controller) active?.postMessage("claim");
}
