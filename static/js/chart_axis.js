// Round values and labels for the axes of the chart.

/** The round number (1, 2 or 5 times a power of ten) nearest above the least distance wanted. */
export function niceStep(least) {
  const magnitude = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((factor) => factor * magnitude).find((step) => step >= least);
}

const HOUR = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const SECOND = new Intl.DateTimeFormat(undefined, { minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const DAY = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });

/** The time of day, or the day where one begins; with seconds for labels less than a minute apart. */
export function timeLabel(milliseconds, step) {
  const date = new Date(milliseconds);
  if (step < MINUTE) return SECOND.format(date);
  return date.getHours() === 0 && date.getMinutes() === 0 ? DAY.format(date) : HOUR.format(date);
}

const MINUTE = 60_000;
const SECONDS = [5, 10, 15, 30].map((seconds) => seconds * 1000);
const MINUTES = [1, 2, 5, 10, 15, 30, 60, 120, 240, 360, 720, 1440].map((minutes) => minutes * MINUTE);
const STEPS = [...SECONDS, ...MINUTES];

/** The round distance in time between labels that stand at least so many candles apart. */
export function labelStep(candles, candlesApart) {
  const width = candles.length > 1 ? candles.at(-1).time - candles.at(-2).time : MINUTE;
  return STEPS.find((step) => step >= width * candlesApart) ?? STEPS.at(-1);
}

/** Whether a label stands there; round in the time zone of the person who looks. */
export function isLabelled(milliseconds, step) {
  const zone = new Date(milliseconds).getTimezoneOffset() * MINUTE;
  return (milliseconds - zone) % step === 0;
}
