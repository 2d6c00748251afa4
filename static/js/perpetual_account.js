// Own positions in perpetuals, free margin and chosen leverage, read by REST: they move with every mark price.

import { ApiError } from "./api.js";
import { Decimal } from "./decimal.js";
import { whileVisible } from "./dom.js";
import { notify } from "./notices.js";
import { session } from "./session.js";

const READ_MS = 4000;
const SOON_MS = 150; // after news of the stream, which comes in several messages
const FIRST_LEVERAGE = { beginner: 5, intermediate: 5, advanced: 5 };

const STEPS = {
  warned: "Your margin runs low: add funds or make positions smaller, or they will be liquidated.",
  orders_cancelled: "Your margin is used up: orders that add risk were cancelled.",
  reduced: "Liquidation: a position was made smaller on the book.",
  fund_paid: "Liquidation: the insurance fund paid what a position had lost beyond its margin.",
  deleveraged: "Liquidation: a position was closed against those of other traders.",
  recovered: "Your margin suffices again.",
  closed: "Liquidation: the positions are closed.",
};

/** Fires "change". `account` is null before it is known. */
export class PerpetualAccount extends EventTarget {
  #symbol;
  #soon = null;
  #told = new Map(); // steps of each liquidation that were told

  constructor(symbol) {
    super();
    this.#symbol = symbol;
    this.clear();
    whileVisible(READ_MS, () => this.reload());
  }

  clear() {
    this.account = null;
    this.leverage = 5;
    this.#told.clear();
    this.dispatchEvent(new Event("change"));
  }

  get positions() {
    return this.account?.positions ?? [];
  }

  /** What new positions can use; null before it is known. */
  get freeMargin() {
    return this.account ? Decimal.parse(this.account.free_margin) : null;
  }

  /** A message of the private stream. */
  receive({ channel, type, data, account }) {
    if (account) return; // of the margin account
    if (channel === "liquidations") this.#tell(type === "snapshot", data);
    if (["positions", "balances", "liquidations"].includes(channel)) this.reloadSoon();
  }

  reloadSoon() {
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => this.reload(), SOON_MS);
  }

  async reload() {
    if (!session.signedIn) return;
    try {
      const [account, chosen] = await Promise.all([session.request("GET", "account"), this.#chosen()]);
      this.account = account;
      this.leverage = chosen ?? Math.min(FIRST_LEVERAGE[account.tier] ?? 1, this.leverage);
      this.dispatchEvent(new Event("change"));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  async choose(leverage) {
    await session.request("POST", "leverage", { symbol: this.#symbol, leverage });
    await this.reload();
  }

  async close(symbol) {
    return session.request("POST", `positions/${symbol}/close`, {});
  }

  // Nothing was chosen in this contract yet: what every position begins with.
  async #chosen() {
    const own = this.positions.find((position) => position.symbol === this.#symbol);
    if (own && own.leverage === this.leverage) return own.leverage;
    try {
      return (await session.request("GET", `leverage?symbol=${this.#symbol}`)).leverage;
    } catch (error) {
      if (error instanceof ApiError && error.code === "NO_POSITION") return null;
      throw error;
    }
  }

  #tell(isSnapshot, liquidations) {
    for (const { id, steps, ended_at: ended } of liquidations) {
      const told = this.#told.get(id) ?? (isSnapshot && (ended || steps.length > 1) ? steps.length - 1 : 0);
      const fresh = isSnapshot && ended ? [] : steps.slice(told);
      for (const { kind, number } of fresh) notify(STEPS[kind] ?? kind, kind === "recovered" ? "info" : "error", `liquidation-${id}-${number}`);
      this.#told.set(id, steps.length);
    }
  }
}
