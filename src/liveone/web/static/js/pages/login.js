// Signing in; afterwards back to the page that asked for it.

import { send } from "../ui/api.js";
import { byId, show } from "../ui/dom.js";

function next() {
  const asked = new URLSearchParams(location.search).get("next") ?? "/";
  const target = new URL(asked, location.origin);
  return target.origin === location.origin ? target.pathname + target.search : "/";
}

byId("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.target);
  const { email, password } = Object.fromEntries(new FormData(form));
  try {
    await send("/api/auth/login", { email, password });
    location.assign(next());
  } catch (error) {
    show(byId("problem"), error instanceof Error ? error.message : String(error));
    /** @type {HTMLInputElement} */ (form.elements.namedItem("password")).select();
  }
});
