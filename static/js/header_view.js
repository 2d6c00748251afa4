// The header of the trading page: last price, 24-hour figures, where prices come from, connection.

import { ApiError, publicGet } from "./api.js";
import { Decimal } from "./decimal.js";
import { byId, setText, whileVisible } from "./dom.js";
import { grouped, MISSING, shortened, signed } from "./format.js";

// Together well below the limit of requests for those who are not signed in.
const TICKER_MS = 8000;
const PRICE_MS = 15_000;
const MARKET_MS = 30_000;

const STATES = { live: "Live", connecting: "Connecting", offline: "No connection, trying again" };
const STATUSES = { halted: "Halted: cancels only", cancel_only: "Cancels only" };
const SOURCES = {
  binance: "External feed (Binance)",
  kraken: "External feed (Kraken)",
  coinbase: "External feed (Coinbase)",
  median: "Median of several sources",
  simulation: "Simulation",
  replay: "Replay of a recording",
};

export class HeaderView {
  #market;
  #last = null;
  #range = null; // { high, low } of the last 24 hours

  /** statusChanged(status): the market was opened or halted. */
  constructor(market, statusChanged) {
    this.#market = market;
    this.statusChanged = statusChanged;
    this.#showStatus(market.status);
    byId("market").addEventListener("change", ({ target }) => location.assign(`/trade/${target.value}`));
    whileVisible(TICKER_MS, quietly(() => this.#loadTicker()));
    whileVisible(PRICE_MS, quietly(() => this.#loadSource()));
    setInterval(quietly(() => this.#loadStatus()), MARKET_MS);
  }

  showState(state) {
    byId("connection").dataset.state = state;
    setText(byId("connection"), STATES[state]);
  }

  /** The price of the latest trade. */
  showLast(text) {
    const price = Decimal.parse(text);
    const step = this.#last ? price.compare(this.#last) : 0;
    this.#last = price;
    const shown = grouped(price, this.#market.priceDecimals);
    document.title = `${shown} ${this.#market.symbol} · Bourse`;
    for (const id of ["last", "book-last"]) flash(byId(id), shown, step);
    this.#widenRange(price);
  }

  // A new high is one at once, not only when the figures are read again.
  #widenRange(price) {
    if (!this.#range) return;
    const { high, low } = this.#range;
    this.#showRange(price.compare(high) > 0 ? price : high, price.compare(low) < 0 ? price : low);
  }

  #showRange(high, low) {
    this.#range = { high, low };
    setText(byId("high"), grouped(high, this.#market.priceDecimals));
    setText(byId("low"), grouped(low, this.#market.priceDecimals));
  }

  async #loadTicker() {
    const ticker = await publicGet(`ticker/${this.#market.symbol}`);
    if (ticker.high) this.#showRange(Decimal.parse(ticker.high), Decimal.parse(ticker.low));
    if (ticker.last && !this.#last) this.showLast(ticker.last);
    setText(byId("volume"), `${shortened(ticker.volume)} ${this.#market.base}`);
    this.#showChange(ticker);
  }

  #showChange({ change, change_percent: percent }) {
    const known = change !== null && change !== undefined;
    const text = known ? `${signed(change, this.#market.priceDecimals)} (${signed(percent, 2)}%)` : MISSING;
    setText(byId("change"), text);
    const direction = known ? Decimal.parse(change).sign() : 0;
    byId("change").className = direction === 0 ? "" : direction > 0 ? "up" : "down";
  }

  async #loadSource() {
    const { source } = await publicGet(`market/price/${this.#market.symbol}`);
    setText(byId("source"), SOURCES[source] ?? source ?? "none");
    byId("source").dataset.source = source ?? "";
  }

  async #loadStatus() {
    if (document.hidden) return;
    const answer = await publicGet("markets");
    const found = (answer.results ?? answer).find((market) => market.symbol === this.#market.symbol);
    if (found && found.status !== this.#market.status) this.#showStatus(found.status);
  }

  #showStatus(status) {
    this.#market.status = status;
    byId("market-status").hidden = status === "open";
    setText(byId("market-status"), STATUSES[status] ?? status);
    this.statusChanged(status);
  }
}

function flash(element, text, step) {
  setText(element, text);
  if (step === 0) return;
  element.className = `${element.id === "book-last" ? "book-last " : ""}${step > 0 ? "up" : "down"}`;
  element.removeAttribute("data-flash");
  void element.offsetWidth; // starts the animation again even if the last one still runs
  element.dataset.flash = step > 0 ? "up" : "down";
}

// Old figures stay until the next answer; the connection's own light tells when there is none.
function quietly(load) {
  return async () => {
    try {
      await load();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  };
}
