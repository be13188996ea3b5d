// "Your battery is charging at 1.2 kW - right?": the reader compares the sample with the house before it counts.

import { isIdle } from "../core/flows.js";
import { joined } from "../core/format.js";
import { element } from "../ui/dom.js";
import { format, t } from "../ui/text.js";

const FLOWS = /** @type {[string, string][]} */ ([["battery", "batteryW"], ["grid", "gridW"], ["solar", "solarW"], ["load", "loadW"]]);
const ANSWERS = ["yes", "no", "unseen"];

/** @param {Record<string, number | null> | null} powers @param {string} site */
export function signsQuestion(powers, site) {
  /** @type {(fits: boolean) => void} */
  let heard = () => undefined;
  const advice = element("p", { class: "notice", role: "alert", hidden: true });
  const radios = ANSWERS.map((answer) => {
    const radio = element("input", { type: "radio", name: "signs", value: answer, required: true });
    radio.addEventListener("change", () => {
      advice.hidden = answer !== "no";
      advice.textContent = answer === "no" ? t("admin.signs.wrong", { site }) : "";
      heard(answer !== "no");
    });
    return element("label", { class: "choice" }, radio, element("span", {}, t(`admin.signs.${answer}`)));
  });
  const box = element(
    "fieldset", { class: "signs" }, element("legend", {}, t("admin.signs.question")),
    element("ul", {}, ...sentences(powers ?? {}).map((text) => element("li", {}, text))), ...radios, advice,
  );
  return { box, onAnswer: (/** @type {(fits: boolean) => void} */ tellMe) => void (heard = tellMe) };
}

/** @param {Record<string, number | null>} powers house signs @returns {string[]} */
export function sentences(powers) {
  return FLOWS.flatMap(([name, key]) => {
    const w = powers[key];
    if (w === null || w === undefined) return [];
    const way = isIdle(w) ? "still" : w > 0 ? "in" : "out";
    return [t(`admin.sign.${name}.${way}`, { power: joined(format.watts(Math.abs(w))) })];
  });
}
