// The order form.

import { ApiError } from "./api.js";
import { Decimal } from "./decimal.js";
import { byId, oncePerFrame, setText } from "./dom.js";
import { estimate } from "./estimate.js";
import { clearErrors, showErrors } from "./field_errors.js";
import { grouped, MISSING, percent } from "./format.js";
import { byField } from "./messages.js";
import { notify } from "./notices.js";
import { OrderEntry } from "./order_entry.js";
import { affordable, perpetualEstimate } from "./perpetual_estimate.js";
import { session } from "./session.js";
import { openSignIn } from "./sign_in.js";
import { mistakes, readOrder } from "./ticket_rules.js";

const UNKNOWN = "No answer came, so the order may or may not stand. Look at your orders; sending the same one again is safe.";

export class Ticket {
  #form = byId("ticket");
  #market;
  #book;
  #own;
  #perpetual;
  #entry;
  #busy = false;

  /** perpetual: the account's margin, null on spot. placed(order): an order was accepted. */
  constructor({ market, book, own, perpetual, placed }) {
    this.#market = market;
    this.#book = book;
    this.#own = own;
    this.#perpetual = perpetual;
    this.placed = placed;
    this.#entry = new OrderEntry(market.symbol);
    this.draw = oncePerFrame(() => this.#draw());
    this.#listen();
    setText(byId("maker-fee"), percent(market.makerFee.toString()));
    setText(byId("taker-fee"), percent(market.takerFee.toString()));
    this.draw();
  }

  /** Fill in a price, from the book. */
  setPrice(text) {
    if (this.#form.elements.type.value !== "limit") return;
    this.#form.elements.price.value = text;
    this.#touched();
  }

  #listen() {
    this.#form.addEventListener("input", () => this.#touched());
    this.#form.addEventListener("submit", (event) => this.#submit(event));
    for (const button of this.#form.querySelectorAll("[data-share]")) {
      button.addEventListener("click", () => this.#takeShare(button.dataset.share));
    }
    this.#own.addEventListener("balances", this.draw);
    this.#perpetual?.addEventListener("change", this.draw);
  }

  #touched() {
    clearErrors(this.#form);
    this.draw();
  }

  #texts() {
    const { side, type, price, quantity, amount_unit: unit, time_in_force: force, post_only: post } = this.#form.elements;
    const reduceOnly = this.#form.elements.reduce_only?.checked ?? false;
    return {
      side: side.value,
      type: type.value,
      price: price.value,
      amount: quantity.value,
      amountUnit: unit.value,
      timeInForce: force.value,
      postOnly: post.checked,
      reduceOnly,
    };
  }

  #draw() {
    const order = readOrder(this.#texts());
    const { base, quote, status } = this.#market;
    const buying = order.side === "buy";
    Object.assign(this.#form.dataset, { side: order.side, type: order.type });
    const choice = order.type === "market" && buying;
    byId("amount-unit").hidden = !choice;
    byId("quantity-unit").hidden = choice;
    setText(byId("quantity-label"), order.byCost ? "Amount to spend" : "Quantity");
    setText(byId("available"), this.#availableText(buying || this.#perpetual ? quote : base));
    setText(byId("submit"), session.signedIn ? this.#action(buying) : "Sign in to trade");
    byId("submit").disabled = this.#busy || (session.signedIn && status !== "open");
    this.#drawEstimate(order);
  }

  #action(buying) {
    const { base, symbol } = this.#market;
    return `${buying ? "Buy" : "Sell"} ${this.#perpetual ? symbol : base}`;
  }

  #availableText(asset) {
    const amount = this.#perpetual ? this.#perpetual.freeMargin : this.#own.available(asset);
    return amount ? `${grouped(amount)} ${asset}` : MISSING;
  }

  #drawEstimate(order) {
    if (this.#perpetual) return this.#drawMargin(order);
    const { quote, priceDecimals } = this.#market;
    const result = estimate(order, this.#book, this.#market);
    setText(byId("cost-label"), order.side === "buy" ? "Cost" : "Value");
    const about = result && !result.complete ? "at least " : "";
    setText(byId("estimate-cost"), result ? `${about}${grouped(result.cost, priceDecimals)} ${quote}` : MISSING);
    setText(byId("estimate-fee"), result ? `${grouped(result.fee)} ${result.receiveAsset}` : MISSING);
    setText(byId("estimate-receive"), result ? `${grouped(result.receive)} ${result.receiveAsset}` : MISSING);
  }

  #drawMargin(order) {
    const { quote } = this.#market;
    const result = perpetualEstimate(order, this.#book, this.#market, this.#perpetual.leverage);
    const about = result && !result.complete ? "at least " : "";
    setText(byId("cost-label"), "Value");
    setText(byId("estimate-cost"), result ? `${about}${grouped(result.cost, 2)} ${quote}` : MISSING);
    setText(byId("estimate-fee"), result ? `${grouped(result.fee, 2)} ${quote}` : MISSING);
    setText(byId("estimate-receive"), result ? `${about}${grouped(result.margin, 2)} ${quote}` : MISSING);
  }

  // A share of what is available, rounded down to what the market takes.
  #takeShare(share) {
    if (!session.signedIn) return openSignIn();
    const order = readOrder(this.#texts());
    if (this.#perpetual) return this.#takeMargin(order, share);
    const { base, quote, lot } = this.#market;
    const buying = order.side === "buy";
    const available = this.#own.available(buying ? quote : base);
    if (!available) return undefined;
    const part = available.times(Decimal.parse(share)).times(new Decimal(1n, 2));
    if (!buying) return this.#setAmount(part.floorTo(lot));
    if (order.type === "market") return this.#spend(part);
    const price = order.price ?? this.#book.bestAsk;
    if (!price || price.sign() === 0) return showErrors(this.#form, { price: "Enter the price first." });
    if (!order.price) this.#form.elements.price.value = price.toString();
    return this.#setAmount(part.dividedBy(price, lot.scale).floorTo(lot));
  }

  #takeMargin(order, share) {
    const { freeMargin, leverage } = this.#perpetual;
    if (!freeMargin) return undefined;
    const price = order.price ?? (order.side === "buy" ? this.#book.bestAsk : this.#book.bestBid);
    const part = freeMargin.times(Decimal.parse(share)).times(new Decimal(1n, 2));
    const quantity = affordable(part, price, leverage, this.#market);
    if (!quantity) return showErrors(this.#form, { price: "Enter the price first." });
    if (order.type === "limit" && !order.price) this.#form.elements.price.value = price.toString();
    byId("amount-unit").value = "base";
    return this.#setAmount(quantity);
  }

  #spend(part) {
    byId("amount-unit").value = "quote";
    this.#setAmount(part.floorTo(new Decimal(1n, Math.min(this.#market.quotePrecision, 8))));
  }

  #setAmount(amount) {
    this.#form.elements.quantity.value = amount.toString();
    this.#touched();
  }

  async #submit(event) {
    event.preventDefault();
    if (!session.signedIn) return openSignIn();
    if (this.#busy) return undefined;
    const texts = this.#texts();
    const order = readOrder(texts);
    const errors = mistakes(texts, order, this.#market);
    if (Object.keys(errors).length > 0) return showErrors(this.#form, errors);
    clearErrors(this.#form);
    return this.#place(order);
  }

  async #place(order) {
    this.#setBusy(true);
    try {
      const placed = await this.#entry.place(order);
      this.#form.elements.quantity.value = "";
      const text = outcomeText(placed);
      if (text) notify(text);
      this.placed(placed);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const { quote_quantity: spent, ...rest } = error.outcomeUnknown ? { "": UNKNOWN } : byField(error);
      showErrors(this.#form, spent ? { ...rest, quantity: spent } : rest);
    } finally {
      this.#setBusy(false);
    }
  }

  #setBusy(busy) {
    this.#busy = busy;
    this.draw();
  }
}

// Of an order that was filled the fills themselves are the news.
const OUTCOMES = {
  open: "The order rests in the book.",
  filled: "",
  partially_filled: "The rest of the order waits in the book.",
};

// The exchange's reasons for ending an order at once.
const BECAUSE = {
  IOC_REMAINDER: ": no more was to be had at this price",
  FOK_NOT_FILLABLE: ": not all of it could be filled at once",
  NO_LIQUIDITY: ": the book has no more to trade with",
  PRICE_PROTECTION: ": what is left in the book is too far from the market's price",
  COST_BELOW_ONE_LOT: ": what is left buys less than one lot",
  SELF_TRADE_PREVENTED: ", so that you do not trade with yourself",
};

function outcomeText({ status, filled_quantity: filled, reason }) {
  if (status in OUTCOMES) return OUTCOMES[status];
  const what = Decimal.parse(filled).sign() > 0 ? "The rest of the order was cancelled" : "Nothing traded; the order was cancelled";
  return `${what}${BECAUSE[reason] ?? ""}.`;
}
