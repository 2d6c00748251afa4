// Own positions on the page, and how much is risked in this contract.

import { ApiError } from "./api.js";
import { Decimal } from "./decimal.js";
import { byId, make, oncePerFrame, setText } from "./dom.js";
import { grouped, MISSING, signed } from "./format.js";
import { plainText } from "./messages.js";
import { notify } from "./notices.js";
import { session } from "./session.js";

export class PositionsView {
  #account;
  #market;

  constructor(account, market) {
    this.#account = account;
    this.#market = market;
    account.addEventListener("change", oncePerFrame(() => this.#draw()));
    byId("positions").addEventListener("click", ({ target }) => this.#closeClicked(target));
    byId("leverage").addEventListener("change", ({ target }) => this.#choose(Number(target.value)));
    this.#draw();
  }

  #draw() {
    const { positions, account } = this.#account;
    const focused = document.activeElement?.dataset.close;
    byId("positions").replaceChildren(...positions.map((position) => row(position, this.#market)));
    if (focused) document.querySelector(`[data-close="${CSS.escape(focused)}"]`)?.focus();
    setText(byId("positions-count"), positions.length ? `(${positions.length})` : "");
    const nothing = session.signedIn ? "No open positions." : "Sign in to see your positions.";
    setText(byId("positions-empty"), positions.length ? "" : nothing);
    this.#drawLeverage();
    const ratio = account?.margin_ratio;
    setText(byId("margin-ratio"), ratio ? `${grouped(Decimal.parse(ratio).times(new Decimal(100n, 0)), 2)}%` : MISSING);
    byId("margin-ratio").className = ratio && Decimal.parse(ratio).compare(new Decimal(8n, 1)) >= 0 ? "down" : "";
  }

  #drawLeverage() {
    const select = byId("leverage");
    const { leverage } = this.#account;
    if (document.activeElement === select) return;
    if (![...select.options].some((option) => Number(option.value) === leverage)) {
      select.append(new Option(`${leverage}x`, String(leverage)));
    }
    select.value = String(leverage);
  }

  async #choose(leverage) {
    if (!session.signedIn) return notify("Sign in to choose your leverage.");
    const done = await attempt(() => this.#account.choose(leverage));
    byId("leverage").blur();
    if (done) notify(`Leverage in ${this.#market.symbol} is ${leverage}x now.`);
    return this.#drawLeverage();
  }

  async #closeClicked(target) {
    const button = target.closest("[data-close]");
    if (!button) return;
    button.disabled = true;
    const order = await attempt(() => this.#account.close(button.dataset.close));
    button.disabled = false;
    if (order && order.status !== "filled") notify("The book could not take all of it: the rest is still open.", "error");
    this.#account.reloadSoon();
  }
}

async function attempt(action) {
  try {
    return (await action()) ?? true;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    notify(plainText(error), "error");
    return undefined;
  }
}

function row(position, market) {
  const here = position.symbol === market.symbol;
  const [priceDecimals, quantityDecimals] = here ? [market.priceDecimals, market.quantityDecimals] : [];
  const isLong = position.side === "long";
  const profit = Decimal.parse(position.unrealised_profit);
  const close = make("button", "quiet", "Close");
  close.type = "button";
  close.dataset.close = position.symbol;
  close.setAttribute("aria-label", `Close at the market: ${position.side} ${position.size} ${position.symbol}`);
  const line = make(
    "tr", "",
    make("td", "medium-only", position.symbol),
    make("td", isLong ? "up" : "down", isLong ? "Long" : "Short"),
    make("td", "number", grouped(position.size, quantityDecimals)),
    make("td", "number", grouped(position.entry_price, priceDecimals)),
    make("td", "number medium-only", grouped(position.mark_price, priceDecimals)),
    make("td", "number", grouped(position.liquidation_price, priceDecimals)),
    make("td", `number ${profit.sign() === 0 ? "" : profit.sign() > 0 ? "up" : "down"}`, signed(profit, 2)),
    make("td", "number medium-only", `${position.leverage}x ${position.mode}`),
    make("td", "act", close),
  );
  line.dataset.position = position.symbol;
  return line;
}
