// Asking the server. Every failure is an Error with a sentence for people, and `status` (0: not reached).

const PATIENCE_MS = 15000;

export class Refused extends Error {
  constructor(message, status, body) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

export async function ask(path, options = {}) {
  const answer = await reach(path, options);
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(body.error || `The server answered ${answer.status}.`, answer.status, body);
  return body;
}

export function send(path, body) {
  const headers = { "content-type": "application/json" };
  return ask(path, { method: "POST", headers, body: JSON.stringify(body) });
}

async function reach(path, options) {
  try {
    return await fetch(path, { signal: AbortSignal.timeout(PATIENCE_MS), ...options });
  } catch {
    throw new Refused("The server cannot be reached.", 0, {});
  }
}
