// Registers the service worker, once the page is there and nothing waits for the network.

/** Where the files of this release are: /static/v-.... */
const BASE = new URL(import.meta.url).pathname.split("/").slice(0, 3).join("/");

export function installable() {
  if (!("serviceWorker" in navigator)) return;
  const address = `/service-worker.js?base=${BASE}&lang=${document.documentElement.lang}`;
  const register = () => navigator.serviceWorker.register(address).catch(() => undefined);
  if (document.readyState === "complete") register();
  else addEventListener("load", register, { once: true });
}
