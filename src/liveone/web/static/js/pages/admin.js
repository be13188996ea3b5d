// The administrator's page: one part at a time, named in the address.

import { showBackups, showMigrations, showStorage } from "../admin/keeping.js";
import { showHealth } from "../admin/health.js";
import { showSystems } from "../admin/systems.js";
import { byId, element, segments, show } from "../ui/dom.js";
import { frame, guarded } from "../ui/frame.js";
import { snapshot, t } from "../ui/text.js";

/** @type {Record<string, (box: HTMLElement, again: () => void) => Promise<void>>} */
const PARTS = { systems: showSystems, health: showHealth, backups: showBackups, storage: showStorage, migrations: showMigrations };
const NAMES = Object.keys(PARTS);

function asked() {
  const part = new URLSearchParams(location.search).get("part") ?? "";
  return part in PARTS ? part : NAMES[0];
}

async function draw() {
  const part = asked();
  segments(byId("parts"), NAMES.map((key) => ({ key, title: t(`admin.${key}`) })), part, choose);
  const box = element("section", { id: "part" });
  show(byId("notice"), "");
  if ((await guarded(() => PARTS[part](box, draw))) && asked() === part) byId("part").replaceWith(box);
}

/** @param {string} part */
function choose(part) {
  history.pushState(null, "", part === NAMES[0] ? location.pathname : `?part=${part}`);
  draw();
}

frame("admin");
addEventListener("popstate", draw);
if (snapshot.isAdmin) draw();
else show(byId("notice"), t("admin.forbidden"));
