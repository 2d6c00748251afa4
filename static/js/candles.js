// Candles of one market and interval: history from the API, the newest from trades as they happen.

import { publicGet } from "./api.js";
import { Decimal, ZERO } from "./decimal.js";

export const INTERVALS = { "1s": 1000, "1m": 60_000, "5m": 300_000, "15m": 900_000, "1h": 3_600_000 };
const KEPT = 240;

/** Fires "change". `list`: { time, open, high, low, close, volume }, amounts Decimal, oldest first. */
export class Candles extends EventTarget {
  constructor(symbol) {
    super();
    this.symbol = symbol;
    this.interval = "1m";
    this.list = [];
    this.loaded = false;
  }

  async load(interval = this.interval) {
    this.interval = interval;
    const rows = await this.#fetch(KEPT);
    if (interval !== this.interval) return; // another one was chosen meanwhile
    this.list = rows;
    this.loaded = true;
    this.dispatchEvent(new Event("change"));
  }

  /** Read the last two again: trades that were in flight while the history was read are then counted once. */
  async correct() {
    const interval = this.interval;
    const rows = await this.#fetch(2);
    if (interval !== this.interval || rows.length === 0) return;
    this.list = [...this.list.filter((candle) => candle.time < rows[0].time), ...rows];
    this.dispatchEvent(new Event("change"));
  }

  addTrades(trades) {
    for (const trade of trades) this.#add(trade);
    this.dispatchEvent(new Event("change"));
  }

  async #fetch(limit) {
    const answer = await publicGet(`klines/${this.symbol}?interval=${this.interval}&limit=${limit}`);
    return (answer.results ?? answer).slice(-limit).map(candleOf);
  }

  #add({ price: priceText, quantity: quantityText, time }) {
    const width = INTERVALS[this.interval];
    const openTime = Math.floor(time / width) * width;
    const [price, quantity] = [Decimal.parse(priceText), Decimal.parse(quantityText)];
    const last = this.list.at(-1);
    if (last && openTime < last.time) return; // in the history already
    if (last?.time === openTime) this.list[this.list.length - 1] = extended(last, price, quantity);
    else this.list.push(...flat(last, openTime, width), startOf(openTime, price, quantity));
    this.list = this.list.slice(-KEPT);
  }
}

const startOf = (time, price, volume) => ({ time, open: price, high: price, low: price, close: price, volume });

// Intervals without a trade stand at the close before them, as in the history.
function flat(last, until, width) {
  if (!last) return [];
  const missing = Math.min(KEPT, (until - last.time) / width - 1);
  return Array.from({ length: missing }, (_, index) => startOf(until - (missing - index) * width, last.close, ZERO));
}

function candleOf([time, open, high, low, close, volume]) {
  const [o, h, l, c, v] = [open, high, low, close, volume].map((text) => Decimal.parse(text));
  return { time, open: o, high: h, low: l, close: c, volume: v ?? ZERO };
}

function extended(candle, price, quantity) {
  const high = price.compare(candle.high) > 0 ? price : candle.high;
  const low = price.compare(candle.low) < 0 ? price : candle.low;
  return { ...candle, high, low, close: price, volume: candle.volume.plus(quantity) };
}
