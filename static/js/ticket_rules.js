// What the order form says, checked and turned into an order. Pure: texts in, amounts and sentences out.

import { Decimal } from "./decimal.js";
import { grouped } from "./format.js";

/**
 * The texts of the form as an order: { side, type, price, quantity, cost, timeInForce, postOnly }; amounts are
 * Decimal, or null where the form has none or no number. A market buy can name its cost instead of a quantity.
 */
export function readOrder({ side, type, price, amount, amountUnit, timeInForce, postOnly, reduceOnly = false }) {
  const limit = type === "limit";
  const byCost = !limit && side === "buy" && amountUnit === "quote";
  return {
    side,
    type,
    byCost,
    price: limit ? amountOf(price) : null,
    quantity: byCost ? null : amountOf(amount),
    cost: byCost ? amountOf(amount) : null,
    timeInForce: limit ? timeInForce : null,
    postOnly: limit && postOnly,
    reduceOnly,
  };
}

/** What can be said without asking the exchange: { field: sentence }, empty if nothing is wrong. */
export function mistakes({ price, amount }, order, market) {
  const errors = {
    price: order.type === "limit" ? wrongNumber(price, "price", market.tick) : null,
    quantity: order.byCost ? wrongNumber(amount, "amount", null) : wrongNumber(amount, "quantity", market.lot),
  };
  if (!errors.price && !errors.quantity && tooSmall(order, market)) {
    errors.quantity = `The order is too small: at least ${grouped(market.minimumNotional)} ${market.quote} in value.`;
  }
  return Object.fromEntries(Object.entries(errors).filter(([, text]) => text));
}

/** The body of POST /orders. */
export function orderBody(order, symbol, clientOrderId) {
  const body = { symbol, side: order.side, type: order.type, client_order_id: clientOrderId };
  if (order.byCost) body.quote_quantity = order.cost.toString();
  else body.quantity = order.quantity.toString();
  if (order.reduceOnly) body.reduce_only = true;
  if (order.type !== "limit") return body;
  body.price = order.price.toString();
  body.time_in_force = order.timeInForce;
  if (order.postOnly) body.post_only = true;
  return body;
}

/** A typed text as a number; null if it is none. Spaces around it and a bare point are forgiven. */
export function amountOf(text) {
  const plain = text.trim().replace(/^\./, "0.").replace(/\.$/, "").replace(/^0+(?=[0-9])/, "");
  if (!/^[0-9]{1,19}(\.[0-9]{1,18})?$/.test(plain)) return null;
  return Decimal.parse(plain);
}

function wrongNumber(text, name, step) {
  if (text.trim() === "") return `Enter the ${name}.`;
  const amount = amountOf(text);
  if (!amount) return "Enter a plain number such as 1234.5, with a point and no separators.";
  if (amount.sign() === 0) return `The ${name} must be more than zero.`;
  if (step && !amount.isMultipleOf(step)) return `The ${name} must be a multiple of ${step}.`;
  return null;
}

function tooSmall(order, market) {
  const value = order.cost ?? (order.price ? order.price.times(order.quantity) : null);
  return value !== null && value.compare(market.minimumNotional) < 0;
}
