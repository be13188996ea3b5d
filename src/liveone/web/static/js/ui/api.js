// Asking the server. Every failure is an Error with a sentence for people, and `status` (0: not reached).

import { at } from "./root.js";
import { sentence as told, t } from "./text.js";

const PATIENCE_MS = 15000;

export class Refused extends Error {
  /** @param {string} message @param {number} status @param {any} body */
  constructor(message, status, body) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

/** @param {string} path @param {RequestInit & {patienceMs?: number}} options @returns {Promise<any>} */
export async function ask(path, options = {}) {
  const answer = await reach(path, options);
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(sentence(body, answer.status), answer.status, body);
  return body;
}

/** @param {string} path @param {unknown} body @param {string} method @param {number} patienceMs */
export function send(path, body, method = "POST", patienceMs = PATIENCE_MS) {
  const headers = { "content-type": "application/json" };
  return ask(path, { method, headers, body: JSON.stringify(body), patienceMs });
}

/** Each line of an answer as it comes. @param {string} path @param {unknown} body @param {(line: any) => void} onLine @param {number} patienceMs */
export async function lines(path, body, onLine, patienceMs) {
  const headers = { "content-type": "application/json", accept: "application/x-ndjson" };
  const answer = await reach(path, { method: "POST", headers, body: JSON.stringify(body), patienceMs });
  if (!answer.ok || !answer.body) {
    const said = await answer.json().catch(() => ({}));
    throw new Refused(sentence(said, answer.status), answer.status, said);
  }
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const pieces = (rest + part.value).split("\n");
    rest = pieces.pop() ?? "";
    for (const piece of pieces) onLine(JSON.parse(piece));
  }
}

/** @param {any} body @param {number} status */
function sentence(body, status) {
  const said = body.said ?? {};
  const text = said.error ? told(said.error) : body.error || t("error.status", { status });
  const hint = said.hint ? told(said.hint) : body.hint;
  return hint ? `${text}${said.error && !/[.!?]$/.test(text) ? "." : ""} ${hint}` : text;
}

/** @param {string} path @param {RequestInit & {patienceMs?: number}} options */
async function reach(path, { patienceMs = PATIENCE_MS, ...options }) {
  try {
    return await fetch(at(path), { signal: AbortSignal.timeout(patienceMs), ...options });
  } catch {
    throw new Refused(t("error.unreachable"), 0, {});
  }
}
