// What the database holds, and in which form.

import { NOTHING } from "../core/format.js";
import { ask } from "../ui/api.js";
import { element } from "../ui/dom.js";
import { format, t } from "../ui/text.js";
import { factsOf, tableOf } from "./table.js";
import { count, size } from "./words.js";

const TABLES = ["systems", "readings", "readings_agg_5m", "readings_agg_1d", "polling_status", "user_systems"];

/** @param {HTMLElement} box */
export async function showStorage(box) {
  const [found, { inSync, newest }] = await Promise.all([ask("/api/admin/storage"), ask("/api/admin/migrations").catch(() => ({}))]);
  const rows = Object.entries(found.rows).map(([table, number]) => [
    element("span", {}, TABLES.includes(table) ? t(`admin.table.${table}`) : table, " ", element("code", {}, table)), count(Number(number)),
  ]);
  const standing = inSync === false ? t("admin.generationOf", { generation: found.generation, newest }) : String(found.generation);
  box.append(
    element("h2", { tabindex: -1 }, t("admin.part.storage")),
    element("div", { class: "pair" },
      factsOf([
        [t("admin.generation"), standing],
        [t("admin.fileSize"), size(found.fileBytes)],
        [t("admin.walSize"), size(found.walBytes)],
        [t("admin.free"), size(found.freeBytes)],
        [t("admin.perReading"), found.bytesPerReading === null ? NOTHING : `${format.decimal(found.bytesPerReading, 0)} B`],
      ]),
      tableOf(t("admin.part.storage"), [t("admin.table"), t("admin.rows")], rows, "")),
  );
}
