// The local copy of a market's order book, kept equal to the exchange's by sequence numbers.

import { Decimal, ZERO } from "./decimal.js";

/** A book side sorted best first: [{ price: Decimal, quantity: Decimal }]. */
class Side {
  constructor(direction) {
    this.direction = direction; // 1: the lowest price is best (asks); -1: the highest (bids)
    this.levels = [];
  }

  set(price, quantity) {
    const index = this.#place(price);
    const found = this.levels[index]?.price.compare(price) === 0;
    if (quantity.sign() === 0) {
      if (found) this.levels.splice(index, 1);
    } else if (found) this.levels[index] = { price, quantity };
    else this.levels.splice(index, 0, { price, quantity });
  }

  #place(price) {
    let [low, high] = [0, this.levels.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.levels[middle].price.compare(price) * this.direction < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * `valid` is false before the first snapshot and from a gap until the next one; an invalid book has no levels
 * to show, because they might be wrong.
 */
export class LocalBook {
  constructor() {
    this.clear();
  }

  clear() {
    this.valid = false;
    this.sequence = null;
    this.bids = new Side(-1);
    this.asks = new Side(1);
  }

  /** Start anew from a snapshot message; returns whether it can be used. */
  applySnapshot({ sequence, bids, asks }) {
    this.clear();
    this.#write(bids, asks);
    this.sequence = sequence;
    this.valid = !this.crossed();
    return this.valid;
  }

  /**
   * Returns "applied"; "old" for an update that the snapshot already holds; "broken" after a gap or when the
   * book came out crossed: it is then empty and needs a new snapshot.
   */
  applyUpdate({ first_sequence: first, last_sequence: last, bids, asks }) {
    if (this.sequence !== null && last <= this.sequence) return "old";
    if (!this.valid || first !== this.sequence + 1) return this.#broken();
    this.#write(bids, asks);
    this.sequence = last;
    return this.crossed() ? this.#broken() : "applied";
  }

  get bestBid() {
    return this.bids.levels[0]?.price ?? null;
  }

  get bestAsk() {
    return this.asks.levels[0]?.price ?? null;
  }

  crossed() {
    return this.bestBid !== null && this.bestAsk !== null && this.bestBid.compare(this.bestAsk) >= 0;
  }

  /** The best levels of "bids" or "asks" with the quantity up to and including each. */
  depth(side, count) {
    let total = ZERO;
    return this[side].levels.slice(0, count).map(({ price, quantity }) => {
      total = total.plus(quantity);
      return { price, quantity, total };
    });
  }

  #write(bids, asks) {
    for (const [price, quantity] of bids) this.bids.set(Decimal.parse(price), Decimal.parse(quantity));
    for (const [price, quantity] of asks) this.asks.set(Decimal.parse(price), Decimal.parse(quantity));
  }

  #broken() {
    this.clear();
    return "broken";
  }
}
