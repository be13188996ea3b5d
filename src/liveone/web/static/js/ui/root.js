// Where LiveOne is on its host: nothing at the top, "/solar" below a path. The server writes it into the page.

export const ROOT = document.documentElement?.dataset?.root ?? "";

/** An address of ours (it begins with "/") as the browser needs it; others stay. @param {string} address */
export function at(address) {
  return address.startsWith("/") ? ROOT + address : address;
}

/** The page that is shown, as the server knows it. */
export function here() {
  return location.pathname.slice(ROOT.length) + location.search + location.hash;
}
