// Where in the administrator's page one is - its part, an open question, what it is about - stands in the address.
// Rule: whatever opens or closes goes through `visit`, so that back, forward, reload and a bookmark agree with it.

/** @typedef {{part: string, ask: string, system: string, backup: string, site: string, name: string, run: string}} Place */

const NAMES = /** @type {(keyof Place)[]} */ (["part", "ask", "system", "backup", "site", "name", "run"]);
export const NOWHERE = { ask: "", system: "", backup: "", site: "", name: "", run: "" };

/** @returns {Place} */
export function place() {
  const asked = new URLSearchParams(location.search);
  return /** @type {Place} */ (Object.fromEntries(NAMES.map((name) => [name, asked.get(name) ?? ""])));
}

/** @param {Partial<Place>} changes */
export function visit(changes) {
  const next = { ...place(), ...changes };
  const query = new URLSearchParams(NAMES.filter((name) => next[name]).map((name) => [name, next[name]]));
  history.pushState(null, "", String(query) ? `?${query}` : location.pathname);
  dispatchEvent(new PopStateEvent("popstate"));
}
