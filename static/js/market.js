// The rules of the market on this page, from the attributes that the server wrote.

import { Decimal, decimalsOf } from "./decimal.js";

/** { symbol, base, quote, status, tick, lot, minimumNotional, makerFee, takerFee, ... }; amounts as Decimal. */
export function marketOf({ dataset }) {
  const { symbol, base, quote, status, kind } = dataset;
  const [tick, lot, minimumNotional] = [dataset.tick, dataset.lot, dataset.minimumNotional].map(Decimal.parse);
  return {
    symbol,
    isPerpetual: kind === "perpetual",
    base,
    quote,
    status,
    tick,
    lot,
    minimumNotional,
    makerFee: Decimal.parse(dataset.makerFee),
    takerFee: Decimal.parse(dataset.takerFee),
    basePrecision: Number(dataset.basePrecision),
    quotePrecision: Number(dataset.quotePrecision),
    priceDecimals: decimalsOf(tick),
    quantityDecimals: decimalsOf(lot),
  };
}
