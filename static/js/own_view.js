// Own open orders, fills and balances on the page.

import { ApiError } from "./api.js";
import { Decimal, ZERO } from "./decimal.js";
import { byId, make, oncePerFrame, setText } from "./dom.js";
import { clockTime, grouped } from "./format.js";
import { plainText } from "./messages.js";
import { notify } from "./notices.js";
import { session } from "./session.js";

const TYPES = {
  limit: "Limit",
  market: "Market",
  stop_limit: "Stop limit",
  stop_market: "Stop market",
  take_profit_limit: "Take-profit limit",
  take_profit_market: "Take-profit market",
  trailing_stop: "Trailing stop",
};

export class OwnView {
  #own;
  #market;
  #stream;

  constructor(own, market, stream) {
    this.#own = own;
    this.#market = market;
    this.#stream = stream;
    this.#listen("orders", () => this.#drawOrders());
    this.#listen("fills", () => this.#drawFills());
    this.#listen("balances", () => this.#drawBalances());
    own.addEventListener("filled", ({ detail }) => announce(own.fillsOf(detail)));
    byId("every-market").addEventListener("change", () => this.drawAll());
    byId("cancel-all").addEventListener("click", () => this.#cancelAll());
    byId("orders").addEventListener("click", ({ target }) => this.#cancelClicked(target));
    document.getElementById("faucet")?.addEventListener("click", () => this.#takeFunds());
    startTabs();
    this.drawAll();
  }

  drawAll() {
    this.#drawOrders();
    this.#drawFills();
    this.#drawBalances();
    const faucet = document.getElementById("faucet");
    if (faucet) faucet.hidden = !session.signedIn;
  }

  #listen(channel, draw) {
    this.#own.addEventListener(channel, oncePerFrame(draw));
  }

  get #symbol() {
    return byId("every-market").checked ? null : this.#market.symbol;
  }

  #drawOrders() {
    const orders = this.#own.openOrders(this.#symbol);
    const focused = document.activeElement?.dataset.cancel;
    byId("orders").replaceChildren(...orders.map((order) => orderRow(order, this.#decimals(order.symbol))));
    if (focused) document.querySelector(`[data-cancel="${CSS.escape(focused)}"]`)?.focus();
    setText(byId("orders-count"), orders.length ? `(${orders.length})` : "");
    setText(byId("orders-empty"), orders.length ? "" : this.#nothing("No open orders.", "your open orders"));
    byId("cancel-all").hidden = orders.length === 0;
  }

  #drawFills() {
    const fills = this.#own.fills.filter((fill) => !this.#symbol || fill.symbol === this.#symbol);
    byId("fills").replaceChildren(...fills.map((fill) => fillRow(fill, this.#decimals(fill.symbol))));
    setText(byId("fills-empty"), fills.length ? "" : this.#nothing("No fills yet.", "your fills"));
  }

  #drawBalances() {
    const first = [this.#market.base, this.#market.quote];
    const others = [...this.#own.balances.keys()].filter((asset) => !first.includes(asset)).sort();
    const rows = [...first, ...others].map((asset) => balanceRow(asset, this.#own.balances.get(asset)));
    byId("balances").replaceChildren(...rows);
  }

  // Other markets' steps are not known here: their numbers are shown as the exchange writes them.
  #decimals(symbol) {
    const { priceDecimals, quantityDecimals } = this.#market;
    return symbol === this.#market.symbol ? [priceDecimals, quantityDecimals] : [undefined, undefined];
  }

  #nothing(text, what) {
    return session.signedIn ? text : `Sign in to see ${what}.`;
  }

  async #cancelClicked(target) {
    const button = target.closest("[data-cancel]");
    if (!button) return;
    button.disabled = true;
    const order = await this.#attempt(() => session.request("DELETE", `orders/${button.dataset.cancel}`));
    if (order?.id) this.#own.noteOrder(order);
    button.disabled = false;
    await this.afterAction();
  }

  async #cancelAll() {
    const query = this.#symbol ? `?symbol=${encodeURIComponent(this.#symbol)}` : "";
    byId("cancel-all").disabled = true;
    await this.#attempt(() => session.request("DELETE", `orders${query}`));
    byId("cancel-all").disabled = false;
    await this.afterAction();
  }

  async #takeFunds() {
    const answer = await this.#attempt(() => session.request("POST", "faucet", {}));
    if (answer === undefined) return;
    this.#own.receive({ channel: "balances", type: "snapshot", data: answer.balances });
    notify("Test funds were added to your balances.");
  }

  /** The stream brings what an own action changed; without it, ask. */
  async afterAction() {
    if (!this.#stream.live && session.signedIn) await this.#attempt(() => this.#own.reload());
  }

  async #attempt(action) {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      notify(plainText(error), "error");
      return undefined;
    }
  }
}

function orderRow(order, [priceDecimals, quantityDecimals]) {
  const price = order.price ? grouped(order.price, priceDecimals) : "Market";
  const cancel = make("button", "quiet", "Cancel");
  cancel.type = "button";
  cancel.dataset.cancel = order.id;
  cancel.setAttribute("aria-label", `Cancel: ${order.side} ${order.quantity} ${order.symbol} at ${price}`);
  const row = make(
    "tr", "",
    make("td", "muted medium-only", clockTime(order.created_at)),
    make("td", "medium-only", order.symbol),
    sideCell(order.side),
    make("td", "medium-only", typeText(order, priceDecimals)),
    make("td", "number", price),
    make("td", "number", grouped(order.quantity, quantityDecimals)),
    make("td", "number", grouped(order.filled_quantity, quantityDecimals)),
    make("td", "act", cancel),
  );
  row.dataset.order = order.id;
  return row;
}

function typeText(order, priceDecimals) {
  const name = TYPES[order.type] ?? order.type;
  const trigger = order.trigger_price ? ` at ${grouped(order.trigger_price, priceDecimals)}` : "";
  return `${name}${trigger}${order.post_only ? ", post-only" : ""}`;
}

function fillRow(fill, [priceDecimals, quantityDecimals]) {
  return make(
    "tr", "",
    make("td", "muted", clockTime(fill.time)),
    make("td", "medium-only", fill.symbol),
    sideCell(fill.side),
    make("td", "number", grouped(fill.price, priceDecimals)),
    make("td", "number", grouped(fill.quantity, quantityDecimals)),
    make("td", "number", `${grouped(fill.fee)} ${fill.fee_asset}`),
    make("td", "medium-only muted", fill.role ?? ""),
  );
}

function sideCell(side) {
  return make("td", side === "buy" ? "up" : "down", side === "buy" ? "Buy" : "Sell");
}

function balanceRow(asset, balance) {
  const row = make("tr", "", make("th", "", asset));
  row.firstElementChild.scope = "row";
  row.dataset.asset = asset;
  for (const part of ["available", "held"]) {
    const cell = make("td", part === "held" ? "muted" : "", grouped(balance?.[part]));
    cell.dataset.part = part;
    row.append(cell);
  }
  return row;
}

// All fills of one order so far are one piece of news.
function announce(fills) {
  const { side, symbol, price } = fills[0];
  const quantity = fills.reduce((sum, fill) => sum.plus(Decimal.parse(fill.quantity)), ZERO);
  const at = fills.every((fill) => fill.price === price) ? `at ${grouped(price)}` : `in ${fills.length} fills`;
  notify(`${side === "buy" ? "Bought" : "Sold"} ${grouped(quantity)} ${symbol.split("-")[0]} ${at}.`, side, fills[0].order_id);
}

function startTabs() {
  const tabs = [...document.querySelectorAll(".own [role=tab]")];
  const select = (chosen) => {
    for (const tab of tabs) {
      tab.setAttribute("aria-selected", String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
      byId(tab.getAttribute("aria-controls")).hidden = tab !== chosen;
    }
  };
  for (const tab of tabs) {
    tab.addEventListener("click", () => select(tab));
    tab.addEventListener("keydown", ({ key }) => {
      if (key !== "ArrowLeft" && key !== "ArrowRight") return;
      const step = key === "ArrowRight" ? 1 : tabs.length - 1;
      const other = tabs[(tabs.indexOf(tab) + step) % tabs.length];
      select(other);
      other.focus();
    });
  }
}
