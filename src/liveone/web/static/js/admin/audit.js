// The audit log: who did what, newest first.

import { ask } from "../ui/api.js";
import { element } from "../ui/dom.js";
import { t } from "../ui/text.js";
import { tableOf } from "./table.js";
import { moment } from "./words.js";

/** @param {HTMLElement} box */
export async function showAudit(box) {
  const { entries, days } = await ask("/api/admin/audit");
  const rows = entries.map((/** @type {any} */ one) => [moment(one.at), one.email ?? one.who, element("span", { lang: "en" }, one.what), one.about, one.address]);
  box.append(
    element("h2", { tabindex: -1 }, t("admin.part.audit")),
    element("p", { class: "help lead" }, t("audit.help", { days })),
    tableOf(t("admin.part.audit"), ["audit.at", "audit.who", "audit.what", "audit.about", "audit.from"].map((key) => t(key)), rows, t("audit.none")),
  );
}
