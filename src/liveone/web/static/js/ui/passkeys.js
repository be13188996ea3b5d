// Passkeys: what the server asks as JSON becomes what the browser takes, and back.

import { Refused } from "./api.js";
import { t } from "./text.js";

/** Browsers know passkeys on https, and for hosts that have a name. */
export function canPasskeys() {
  return window.isSecureContext && "credentials" in navigator && "PublicKeyCredential" in window && !/^[\d.]+$|:/.test(location.hostname);
}

/** Make a passkey. @param {any} options @returns {Promise<any>} */
export function makePasskey(options) {
  const publicKey = {
    ...options, challenge: bytes(options.challenge), user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: (options.excludeCredentials ?? []).map((/** @type {any} */ one) => ({ ...one, id: bytes(one.id) })),
  };
  return asked(() => navigator.credentials.create({ publicKey }));
}

/** Show a passkey. @param {any} options @returns {Promise<any>} */
export function showPasskey(options) {
  return asked(() => navigator.credentials.get({ publicKey: { ...options, challenge: bytes(options.challenge), allowCredentials: [] } }));
}

/** @param {() => Promise<Credential | null>} question */
async function asked(question) {
  const found = await question().catch((error) => {
    throw new Refused(t(error.name === "InvalidStateError" ? "passkey.known" : "passkey.refused"), 0, {});
  });
  const { id, rawId, type, response } = /** @type {any} */ (found);
  const kept = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"].filter((name) => response[name]);
  return { id, rawId: text(rawId), type, response: Object.fromEntries(kept.map((name) => [name, text(response[name])])) };
}

/** @param {string} base64url */
function bytes(base64url) {
  return Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
}

/** @param {ArrayBuffer} buffer */
function text(buffer) {
  return btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
