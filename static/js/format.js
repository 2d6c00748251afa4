// How numbers and times are written for people.

import { Decimal } from "./decimal.js";

export const MISSING = "–";

/** "61685.5" with two decimals is "61,685.50". */
export function grouped(amount, decimals) {
  if (amount === null || amount === undefined || amount === "") return MISSING;
  const value = typeof amount === "string" ? Decimal.parse(amount) : amount;
  const [whole, fraction] = (decimals === undefined ? value.toString() : value.toFixed(decimals)).split(".");
  const spaced = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? spaced : `${spaced}.${fraction}`;
}

/** With a sign in front; a true minus sign, so that columns line up. */
export function signed(amount, decimals) {
  const text = grouped(amount, decimals);
  if (text === MISSING) return text;
  if (text.startsWith("-")) return `−${text.slice(1)}`;
  return /[1-9]/.test(text) ? `+${text}` : text;
}

/** Large amounts shortened: "12,345,678" is "12.35M"; the exact figure belongs in a title. */
export function shortened(amount) {
  if (amount === null || amount === undefined) return MISSING;
  const value = Decimal.parse(amount);
  if (value.sign() === 0) return "0";
  for (const [zeros, unit] of [[9, "B"], [6, "M"], [3, "K"]]) {
    const step = new Decimal(10n ** BigInt(zeros), 0);
    if (value.compare(step) >= 0) return `${grouped(value.dividedBy(step, 4), 2)}${unit}`;
  }
  return grouped(value, value.compare(new Decimal(1n, 0)) < 0 ? 4 : 2);
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const DAY = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });

/** Time of day of milliseconds since the epoch; with the day in front if it was not today. */
export function clockTime(milliseconds) {
  const date = new Date(milliseconds);
  const today = date.toDateString() === new Date().toDateString();
  return today ? CLOCK.format(date) : `${DAY.format(date)} ${CLOCK.format(date)}`;
}

/** Rates such as "0.001" as "0.1%". */
export function percent(rate) {
  return `${Decimal.parse(rate).times(new Decimal(100n, 0)).toString()}%`;
}
