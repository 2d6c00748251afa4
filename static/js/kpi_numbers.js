// Figures as people read them. None of these is money that somebody owns: a float is exact enough to look at.

import { MISSING } from "./format.js";

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const SHORT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

const unlessMissing = (write) => (value) => (value === null || value === undefined ? MISSING : write(value));

export const count = unlessMissing((value) => WHOLE.format(value));
export const short = unlessMissing((value) => (value > 0 && value < 1 ? String(Number(value.toPrecision(2))) : SHORT.format(value)));

/** 0.0123 is "1.23%". */
export const share = unlessMissing((value) => percent(100 * value));
/** 99.98 is "99.98%"; less than all never reads as all. */
export const percent = unlessMissing((value) => `${Number(value > 99.99 && value < 100 ? 99.99 : value.toFixed(2))}%`);

/** Hundredths of a per cent. */
export const bps = (value) => `${Number(value.toFixed(2))} bps`;

export const milliseconds = unlessMissing((value) => {
  if (value >= 10_000) return `${(value / 1000).toFixed(1)} s`;
  return `${Number(value >= 100 ? value.toFixed(0) : value.toPrecision(3))} ms`;
});
