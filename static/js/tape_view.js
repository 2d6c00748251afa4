// The latest trades, newest on top.

import { byId, make } from "./dom.js";
import { clockTime, grouped } from "./format.js";

const KEPT = 60;

export class TapeView {
  #market;
  #list = byId("tape");
  #newest = 0;

  constructor(market) {
    this.#market = market;
  }

  /** trades: oldest first; fresh: they replace what is shown. Ids grow, so one shown before is left out. */
  show({ fresh, trades }) {
    if (fresh) {
      this.#newest = 0;
      this.#list.replaceChildren();
    }
    const news = trades.filter((trade) => Number(trade.id) > this.#newest).slice(-KEPT);
    if (news.length === 0) return;
    this.#newest = Number(news.at(-1).id);
    this.#list.prepend(...news.map((trade) => this.#row(trade)).reverse());
    while (this.#list.children.length > KEPT) this.#list.lastElementChild.remove();
  }

  #row({ id, price, quantity, side, time }) {
    const { priceDecimals, quantityDecimals } = this.#market;
    const texts = [grouped(price, priceDecimals), grouped(quantity, quantityDecimals), clockTime(time)];
    const row = make("li", "print", ...texts.map((text) => make("span", "", text)));
    row.dataset.side = side;
    row.dataset.id = id;
    row.title = `Taker's side: ${side}`;
    return row;
  }
}
