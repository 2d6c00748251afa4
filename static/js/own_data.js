// Own orders, fills and balances, merged from the private stream and from REST answers.

import { Decimal } from "./decimal.js";
import { session } from "./session.js";

const RESTING = new Set(["open", "partially_filled"]);
const LIVE = new Set(["new", "pending_trigger", ...RESTING]);
const FILLS_KEPT = 50;

/** Fires "orders", "fills" and "balances" after a change, and "filled" (detail: an order's id) for new fills. */
export class OwnData extends EventTarget {
  constructor() {
    super();
    this.clear();
  }

  /** Forget everything: somebody else may sign in. */
  clear() {
    this.orders = new Map(); // every order heard of, so that late news cannot bring a closed one back
    this.fills = [];
    this.balances = new Map();
    this.versions = { orders: 0, fills: 0, balances: 0 };
    this.loaded = false;
    for (const channel of Object.keys(this.versions)) this.#changed(channel);
  }

  /** Live orders, those that wait included, newest first, of one market or of all. */
  openOrders(symbol = null) {
    const open = [...this.orders.values()].filter((order) => LIVE.has(order.status));
    const wanted = symbol ? open.filter((order) => order.symbol === symbol) : open;
    return wanted.sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? 1 : -1));
  }

  /** Prices at which orders of one market lie in the book; what waits for its trigger lies nowhere. */
  restingPrices(symbol) {
    const resting = this.openOrders(symbol).filter((order) => RESTING.has(order.status));
    return resting.map((order) => order.price);
  }

  /** Available amount of an asset; null before it is known. */
  available(asset) {
    if (!this.loaded) return null;
    return Decimal.parse(this.balances.get(asset)?.available ?? "0");
  }

  /** The fills of one order among the latest, newest first. */
  fillsOf(orderId) {
    return this.fills.filter((fill) => fill.order_id === orderId);
  }

  /** A message of the private stream. */
  receive({ channel, type, data, account }) {
    if (!account && channel in this.versions) this.#take(channel, type === "snapshot", data);
  }

  /** Read everything by REST; what the stream says meanwhile is newer and stays. */
  async reload() {
    const before = { ...this.versions };
    const [orders, fills, account] = await Promise.all([
      session.request("GET", "orders?status=active"),
      session.request("GET", `fills?limit=${FILLS_KEPT}`),
      session.request("GET", "account"),
    ]);
    const answers = { orders: orders.results, fills: fills.results, balances: account.balances };
    for (const [channel, data] of Object.entries(answers)) {
      if (this.versions[channel] === before[channel]) this.#take(channel, true, data);
    }
  }

  /** An order as an answer of the API shows it, with its fills if it has any. */
  noteOrder({ fills = [], ...order }) {
    this.#take("orders", false, [order]);
    if (fills.length > 0) this.#take("fills", false, fills);
  }

  #take(channel, whole, data) {
    if (channel === "orders") this.#takeOrders(whole, data);
    if (channel === "fills") this.#takeFills(whole, data);
    if (channel === "balances") this.#takeBalances(whole, data);
    this.versions[channel] += 1;
    this.#changed(channel);
  }

  #takeOrders(whole, orders) {
    if (whole) this.#forgetOpenExcept(new Set(orders.map((order) => order.id)));
    for (const order of orders) {
      const known = this.orders.get(order.id);
      if (!known || !isOlder(order, known)) this.orders.set(order.id, order);
    }
  }

  #forgetOpenExcept(ids) {
    for (const order of this.openOrders()) {
      if (!ids.has(order.id)) this.orders.delete(order.id);
    }
  }

  #takeFills(whole, fills) {
    const known = new Set(this.fills.map(keyOfFill));
    const added = fills.filter((fill) => !known.has(keyOfFill(fill)));
    const merged = whole ? [...fills] : [...added, ...this.fills];
    this.fills = merged.sort((a, b) => b.time - a.time || b.id - a.id).slice(0, FILLS_KEPT);
    if (whole) return;
    for (const id of new Set(added.map((fill) => fill.order_id))) {
      this.dispatchEvent(new CustomEvent("filled", { detail: id }));
    }
  }

  #takeBalances(whole, balances) {
    if (whole) this.balances = new Map();
    for (const balance of balances) this.balances.set(balance.asset, balance);
    this.loaded = true;
  }

  #changed(channel) {
    this.dispatchEvent(new Event(channel));
  }
}

// One trade between two own orders cannot be; still an id alone is no proof of one's side.
const keyOfFill = (fill) => `${fill.id}/${fill.order_id}`;

// Messages and answers travel on different lines; an order only ever moves forward.
function isOlder(order, known) {
  if (order.updated_at !== known.updated_at) return order.updated_at < known.updated_at;
  const progress = Decimal.parse(order.filled_quantity).compare(Decimal.parse(known.filled_quantity));
  return progress < 0 || (progress === 0 && LIVE.has(order.status) && !LIVE.has(known.status));
}
