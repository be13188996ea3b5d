// Which stretch of time is shown: a view (day, week, month, year, all) around a day. Weeks begin on Monday.

import { addDays } from "./zone.js";

export const VIEWS = ["day", "week", "month", "year", "all"];

/**
 * @param {string} view @param {string} day @param {string} firstDay of all readings @param {string} today
 * @returns {{first: string, next: string}} the first day, and the day after the last
 */
export function daysOf(view, day, firstDay, today) {
  if (view === "week") {
    const first = addDays(day, -((new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7));
    return { first, next: addDays(first, 7) };
  }
  if (view === "month") return { first: `${day.slice(0, 7)}-01`, next: monthsLater(`${day.slice(0, 7)}-01`, 1) };
  if (view === "year") return { first: `${day.slice(0, 4)}-01-01`, next: `${Number(day.slice(0, 4)) + 1}-01-01` };
  if (view === "all") {
    return { first: firstDay < today ? firstDay : today, next: addDays(today, 1) };
  }
  return { first: day, next: addDays(day, 1) };
}

/** The day to go to for the neighbouring period. @param {string} view @param {string} day @param {number} by -1 or 1 */
export function moved(view, day, by) {
  if (view === "week") return addDays(day, 7 * by);
  if (view === "month") return monthsLater(day, by);
  if (view === "year") return monthsLater(day, 12 * by);
  return addDays(day, by);
}

/** The same day of another month, or that month's last. @param {string} day @param {number} months */
export function monthsLater(day, months) {
  const count = Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7)) - 1 + months;
  const year = Math.floor(count / 12);
  const last = new Date(Date.UTC(year, (count % 12) + 1, 0)).getUTCDate();
  const date = Math.min(Number(day.slice(8, 10)), last);
  return `${String(year).padStart(4, "0")}-${String((count % 12) + 1).padStart(2, "0")}-${String(date).padStart(2, "0")}`;
}

/** How the energy of a view is grouped: "hour", "day", "month" or "year". @param {string} view @param {number} days */
export function grouping(view, days) {
  if (view === "day") return "hour";
  if (view === "week" || view === "month") return "day";
  if (view === "year") return "month";
  return days > 5 * 366 ? "year" : "month";
}
