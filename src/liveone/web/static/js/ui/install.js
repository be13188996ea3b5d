// Registers the service worker, once the page is there and nothing waits for the network.

import { at, ROOT } from "./root.js";

/** Where the files of this release are: /static/v-.... */
const BASE = new URL(import.meta.url).pathname.slice(ROOT.length).split("/").slice(0, 3).join("/");

export function installable() {
  if (!("serviceWorker" in navigator)) return;
  const address = at(`/service-worker.js?base=${BASE}&lang=${document.documentElement.lang}`);
  const register = () => navigator.serviceWorker.register(address).catch(() => undefined);
  if (document.readyState === "complete") register();
  else addEventListener("load", register, { once: true });
}
