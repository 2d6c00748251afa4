// What an order on a perpetual would need. Pure: a book and an intention in, amounts out; the exchange decides.

import { Decimal, ZERO } from "./decimal.js";
import { takeFrom } from "./estimate.js";

/**
 * { cost, fee, margin, complete } in quote, or null while there is nothing to estimate. The margin is that of a
 * position this large and both fees, as the exchange requires it of somebody who has no position yet.
 */
export function perpetualEstimate(order, book, market, leverage) {
  if (order.type === "limit" && !(order.price && order.quantity)) return null;
  if (order.type === "market" && !(order.quantity || order.cost)) return null;
  const taken = immediate(order, book, market);
  const rest = order.type === "limit" ? order.quantity.minus(taken.quantity).times(order.price) : ZERO;
  const cost = taken.cost.plus(rest);
  const fee = feeOf(taken.cost, market.takerFee, market).plus(feeOf(rest, market.makerFee, market));
  const toClose = feeOf(cost, market.takerFee, market);
  const own = new Decimal(cost.units, cost.scale).dividedBy(whole(leverage), market.quotePrecision);
  const margin = order.reduceOnly ? ZERO : own.plus(toClose).plus(toClose);
  return { cost, fee, margin, complete: order.type === "limit" || taken.complete };
}

/** The largest quantity that so much free margin opens at a price, both fees paid; null without a price. */
export function affordable(free, price, leverage, market) {
  if (!price || price.sign() === 0) return null;
  const fees = market.takerFee.times(whole(2 * leverage));
  const one = price.times(whole(1).plus(fees));
  return free.times(whole(leverage)).dividedBy(one, market.lot.scale).floorTo(market.lot);
}

function immediate(order, book, market) {
  const buying = order.side === "buy";
  if (order.postOnly) return { quantity: ZERO, cost: ZERO, complete: true };
  const levels = book.valid ? book[buying ? "asks" : "bids"].levels : [];
  const limit = order.type === "limit" ? order.price : null;
  const { quantity, cost } = order;
  return takeFrom(levels, { quantity, cost, limit, direction: buying ? 1 : -1, lot: market.lot });
}

const whole = (number) => new Decimal(BigInt(number), 0);
const feeOf = (cost, rate, market) => cost.times(rate).ceil(market.quotePrecision);
