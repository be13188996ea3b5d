// What the device reported as faults lately: which, since when, until when.

import { faultKey } from "../core/faults.js";
import { moment } from "../core/format.js";
import { faultText } from "../now/status.js";
import { element } from "../ui/dom.js";
import { format, t } from "../ui/text.js";

/** @typedef {{code: number, began: string | null, first: string, last: string, readings: number}} Fault */

/**
 * @param {HTMLElement} box @param {{days: number, faults: Fault[]}} found
 * @param {{vendor: string, latest: string, zone: import("../types").Zone, nowAt: number}} around `latest`: time of the newest reading
 */
export function fillFaults(box, { days, faults }, { vendor, latest, zone, nowAt }) {
  const time = (/** @type {string} */ iso) => moment(Date.parse(iso), nowAt, zone, format);
  const rows = faults.map(({ code, began, first, last, readings }) => {
    const since = time(began ?? first);
    const span = Date.parse(last) >= Date.parse(latest) ? t("faults.still", { since }) : t("faults.until", { since, until: time(last) });
    const count = t("faults.readings", { count: format.decimal(readings, 0) });
    return element("li", {}, element("b", {}, faultText(code, faultKey(vendor, code) ?? "fault.unknown")), element("span", {}, `${span} ${count}`));
  });
  box.replaceChildren(rows.length ? element("ul", { class: "fault-list" }, ...rows) : element("p", { class: "help" }, t("faults.none", { days })));
}
