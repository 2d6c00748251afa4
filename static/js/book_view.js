// The order book on the page.

import { Decimal } from "./decimal.js";
import { byId, make, oncePerFrame, setText } from "./dom.js";
import { grouped, MISSING } from "./format.js";

const LEVELS = 15;
const LEVELS_ON_A_PHONE = 10;

export class BookView {
  #book;
  #market;
  #rows;
  #own = new Set();

  /** chosen(price): a level was clicked, or chosen with the keyboard. */
  constructor(book, market, chosen) {
    this.#book = book;
    this.#market = market;
    this.#rows = { asks: this.#makeRows("asks", chosen), bids: this.#makeRows("bids", chosen) };
    this.draw = oncePerFrame(() => this.#draw());
    this.draw();
  }

  /** Prices at which own orders rest, marked in the book. */
  markOwn(prices) {
    this.#own = new Set(prices);
    this.draw();
  }

  // rows[0] is the best level; asks stand with the best at the bottom.
  #makeRows(side, chosen) {
    const list = byId(side);
    const rows = Array.from({ length: LEVELS }, (_, index) => makeRow(index));
    list.append(...(side === "asks" ? [...rows].reverse() : rows));
    list.addEventListener("click", (event) => {
      const price = event.target.closest(".level")?.dataset.price;
      if (price) chosen(price);
    });
    list.addEventListener("keydown", (event) => moveFocus(event, list));
    return rows;
  }

  #draw() {
    const sides = { asks: this.#book.depth("asks", LEVELS), bids: this.#book.depth("bids", LEVELS) };
    const deepest = Math.max(...Object.values(sides).map((levels) => levels.at(-1)?.total.toPixels() ?? 0)) || 1;
    for (const [side, levels] of Object.entries(sides)) {
      this.#rows[side].forEach((row, index) => this.#fill(row, levels[index], deepest));
    }
    this.#drawSpread();
  }

  #fill(row, level, deepest) {
    row.disabled = !level;
    row.dataset.price = level ? level.price.toString() : "";
    row.toggleAttribute("data-own", Boolean(level) && this.#own.has(row.dataset.price));
    const { priceDecimals, quantityDecimals } = this.#market;
    const [price, quantity, total] = row.children;
    setText(price, level ? grouped(level.price, priceDecimals) : "");
    setText(quantity, level ? grouped(level.quantity, quantityDecimals) : "");
    setText(total, level ? grouped(level.total, quantityDecimals) : "");
    row.style.setProperty("--share", level ? `${((level.total.toPixels() / deepest) * 100).toFixed(1)}%` : "0%");
  }

  #drawSpread() {
    const { bestBid, bestAsk } = this.#book;
    if (!bestBid || !bestAsk) return setText(byId("spread"), MISSING);
    const spread = bestAsk.minus(bestBid);
    const percent = spread.times(new Decimal(100n, 0)).dividedBy(bestAsk, 3);
    setText(byId("spread"), `${grouped(spread, this.#market.priceDecimals)} (${percent.toFixed(3)}%)`);
  }
}

// One stop for the Tab key per side; arrow keys go through its levels.
function makeRow(index) {
  const row = make("button", "level", make("span"), make("span"), make("span"));
  row.type = "button";
  row.tabIndex = index === 0 ? 0 : -1;
  if (index >= LEVELS_ON_A_PHONE) row.classList.add("far");
  return row;
}

function moveFocus(event, list) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const rows = [...list.children];
  rows[rows.indexOf(document.activeElement) + step]?.focus();
}
