// What an order would cost and bring. Pure: a book and an intention in, amounts out; the exchange decides.

import { ZERO } from "./decimal.js";

/**
 * Walk the levels an order would take from.
 *
 * levels: best first; at most `quantity` in base or `cost` in quote (the other is null); no worse than `limit`
 * if that is given. Answers { quantity, cost, complete }.
 */
export function takeFrom(levels, { quantity = null, cost = null, limit = null, direction, lot }) {
  let taken = ZERO;
  let paid = ZERO;
  for (const level of levels) {
    if (limit && level.price.compare(limit) * direction > 0) break;
    let piece = level.quantity;
    if (quantity) piece = least(piece, quantity.minus(taken));
    else piece = least(piece, cost.minus(paid).dividedBy(level.price, lot.scale).floorTo(lot));
    taken = taken.plus(piece);
    paid = paid.plus(piece.times(level.price));
    const done = quantity ? taken.compare(quantity) >= 0 : piece.compare(level.quantity) < 0;
    if (done) return { quantity: taken, cost: paid, complete: true };
  }
  return { quantity: taken, cost: paid, complete: false };
}

/**
 * The estimate under the order form: { cost, fee, feeAsset, receive, receiveAsset, complete }, or null while
 * there is nothing to estimate. The fee is taken from what is received, as the exchange does.
 *
 * order: { side, type, price, quantity, cost, postOnly }, amounts Decimal or null.
 */
export function estimate(order, book, market) {
  const buying = order.side === "buy";
  if (order.type === "limit" && !(order.price && order.quantity)) return null;
  if (order.type === "market" && !(order.quantity || order.cost)) return null;
  const taken = immediate(order, book, market, buying);
  if (order.type === "market") return outcome(taken, ZERO, ZERO, buying, market, taken.complete);
  const rest = order.quantity.minus(taken.quantity);
  return outcome(taken, rest, rest.times(order.price), buying, market, true);
}

function immediate(order, book, market, buying) {
  const levels = book.valid ? book[buying ? "asks" : "bids"].levels : [];
  if (order.postOnly) return { quantity: ZERO, cost: ZERO, complete: true };
  const { quantity, cost } = order;
  const limit = order.type === "limit" ? order.price : null;
  return takeFrom(levels, { quantity, cost, limit, direction: buying ? 1 : -1, lot: market.lot });
}

function outcome(taken, restQuantity, restCost, buying, market, complete) {
  const [takenGross, restGross] = buying ? [taken.quantity, restQuantity] : [taken.cost, restCost];
  const decimals = buying ? market.basePrecision : market.quotePrecision;
  const fee = takenGross.times(market.takerFee).ceil(decimals).plus(restGross.times(market.makerFee).ceil(decimals));
  const asset = buying ? market.base : market.quote;
  return {
    cost: taken.cost.plus(restCost),
    fee,
    receive: takenGross.plus(restGross).minus(fee),
    receiveAsset: asset,
    complete,
  };
}

const least = (a, b) => (a.compare(b) <= 0 ? a : b);
