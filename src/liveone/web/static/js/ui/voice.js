// What follows the pointer changes many times a second: a screen reader hears it only where keys move it.

/** Elements that carry data-follows. */
export function heardByKeys() {
  const followers = document.querySelectorAll("[data-follows]");
  const speak = (/** @type {string} */ how) => {
    for (const node of followers) if (node.getAttribute("aria-live") !== how) node.setAttribute("aria-live", how);
  };
  addEventListener("keydown", () => speak("polite"), { capture: true });
  addEventListener("pointermove", () => speak("off"), { capture: true, passive: true });
}
