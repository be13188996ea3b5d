// What is in the battery. What it does and how long it lasts is worked out by the server (domain/battery.py).

/** @param {import("../types").Maybe} soc % @param {import("../types").Maybe} kwh capacity @returns {import("../types").Maybe} */
export function storedKwh(soc, kwh) {
  return soc === null || kwh === null ? null : (soc / 100) * kwh;
}
