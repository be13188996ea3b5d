// Makes LiveOne installable and says so when its server cannot be reached.
// Rule: no value ever comes from here. Pages and answers go to the network; kept is only the page that says
// "offline", in the language of ?lang=, with the few files that it needs, of the release in ?base=.

const worker = /** @type {any} */ (self);
const ROOT = location.pathname.slice(0, -"/service-worker.js".length);
const about = new URL(location.href).searchParams;
const OFFLINE = `${ROOT}/offline?lang=${about.get("lang") ?? "en"}`;
const FILES = ["app.css", "icon.svg", "js/pages/offline.js"].map((name) => `${ROOT}${about.get("base")}/${name}`);
const CACHE = `offline ${OFFLINE} ${FILES[0]}`;
const NOBODY_THERE = [502, 504];

async function install() {
  const cache = await caches.open(CACHE);
  await cache.addAll([OFFLINE, ...FILES].map((path) => new Request(path, { cache: "reload" })));
  await worker.skipWaiting();
}

async function activate() {
  // Another LiveOne may be below another path of this host.
  const ours = (await caches.keys()).filter((name) => name.startsWith(`offline ${ROOT}/offline?`));
  const old = ours.filter((name) => name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await worker.registration.navigationPreload?.enable();
  await worker.clients.claim();
}

/** @param {string} path */
async function kept(path) {
  return (await caches.open(CACHE)).match(path, { ignoreVary: true });
}

/** @param {any} event */
async function page(event) {
  try {
    const answer = (await event.preloadResponse) ?? (await fetch(event.request));
    if (!NOBODY_THERE.includes(answer.status)) return answer;
  } catch {
    // Not reached: said by the page below.
  }
  return (await kept(OFFLINE)) ?? Response.error();
}

worker.addEventListener("install", (/** @type {any} */ event) => event.waitUntil(install()));
worker.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(activate()));
worker.addEventListener("message", (/** @type {any} */ event) => {
  if (event.data === "claim") event.waitUntil(worker.clients.claim());
});
worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const path = new URL(event.request.url).pathname;
  if (event.request.mode === "navigate" && !path.startsWith(`${ROOT}/api/`)) event.respondWith(page(event));
  else if (FILES.includes(path)) event.respondWith(kept(path).then((file) => file ?? fetch(event.request)));
});
