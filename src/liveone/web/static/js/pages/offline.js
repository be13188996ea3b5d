// Shown by the service worker in place of any page while the server cannot be reached; goes on by itself.

const EVERY_MS = 5000;
const PATIENCE_MS = 4000;
const since = Date.now();
const clock = new Intl.DateTimeFormat(navigator.language, { timeStyle: "medium" });
const box = document.getElementById("since");
if (box) box.textContent = clock.format(since);

async function tryAgain() {
  try {
    const answer = await fetch(`${document.documentElement.dataset.root}/api/health/live`, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    if (answer.ok) location.reload();
  } catch {
    // Still not there.
  }
}

document.getElementById("again")?.addEventListener("click", () => location.reload());
addEventListener("online", tryAgain);
setInterval(tryAgain, EVERY_MS);
