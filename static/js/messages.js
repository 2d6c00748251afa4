// What a refusal means, in words for the person at the screen. The codes are the API's own list.

import { grouped } from "./format.js";

const FIELD_OF_CODE = {
  INVALID_PRICE: "price",
  POST_ONLY_WOULD_TAKE: "price",
  PRICE_OUT_OF_BAND: "price",
  INVALID_QUANTITY: "quantity",
  MIN_NOTIONAL: "quantity",
  MAX_NOTIONAL: "quantity",
  INSUFFICIENT_FUNDS: "quantity",
  INSUFFICIENT_MARGIN: "quantity",
  EXPOSURE_LIMIT: "quantity",
  REDUCE_ONLY: "quantity",
  TWO_FACTOR_REQUIRED: "otp",
  INVALID_CODE: "otp",
};

const TEXTS = {
  NETWORK: () => "The exchange cannot be reached. Check your connection and try again.",
  UNAVAILABLE: () => "A part of the exchange is not available just now. Try again in a moment.",
  INTERNAL_ERROR: () => "Something went wrong on our side. Nothing was lost; try again in a moment.",
  INVALID_CREDENTIALS: () => "User name or password is not right.",
  INVALID_CODE: () => "This code is wrong, too old or was used before. Wait for the next one.",
  NOT_AUTHENTICATED: () => "Your session has ended. Sign in again.",
  INVALID_TOKEN: () => "Your session has ended. Sign in again.",
  ACCOUNT_SUSPENDED: () => "This account is suspended. It cannot trade.",
  RATE_LIMITED: (error) => `Too many requests. Try again in ${error.retryAfterSeconds || "a few"} seconds.`,
  MARKET_NOT_OPEN: () => "This market takes no new orders now. Open orders can still be cancelled.",
  ORDER_NOT_OPEN: () => "The order is no longer open: it was filled or cancelled meanwhile.",
  ORDER_NOT_FOUND: () => "There is no such order any more.",
  POST_ONLY_WOULD_TAKE: () => "This price would trade at once, which post-only does not allow.",
  FAUCET_LIMIT: () => "The faucet has given you all the test money it gives.",
  INSUFFICIENT_FUNDS: (error) => insufficientFunds(error.details),
  INSUFFICIENT_MARGIN: (error) => insufficientMargin(error.details),
  NO_POSITION: () => "There is no position any more.",
  REDUCE_ONLY: () => "There is no position, or not as much of one, that this could close.",
  MIN_NOTIONAL: (error) => leastNotional(error),
};

function insufficientFunds({ asset, available, required }) {
  if (!asset || !available) return "Your available balance does not cover this.";
  return `Not enough ${asset}: this needs ${grouped(required)}, ${grouped(available)} is available.`;
}

function insufficientMargin({ asset, available, required }) {
  if (!asset || !available) return "Your free margin does not cover this.";
  return `Not enough margin: this needs ${grouped(required)} ${asset}, ${grouped(available)} is free.`;
}

function leastNotional({ details, message }) {
  const least = details.minimum_notional;
  return least ? `The order is too small: price × quantity must be at least ${grouped(least)}.` : message;
}

/** One sentence for an ApiError. */
export function plainText(error) {
  const text = TEXTS[error.code];
  return text ? text(error) : error.message || "That did not work. Try again.";
}

/** Where on a form the refusal belongs: { field: sentence }; the field "" is the form itself. */
export function byField(error) {
  const namesFields = error.code === "VALIDATION_ERROR" || error.code === "CONFLICT";
  if (namesFields && Object.keys(error.details).length > 0) return fieldTexts(error.details);
  return { [FIELD_OF_CODE[error.code] ?? ""]: plainText(error) };
}

function fieldTexts(details) {
  const texts = {};
  for (const [field, reasons] of Object.entries(details)) {
    texts[field === "non_field_errors" ? "" : field] = sentences(reasons).join(" ");
  }
  return texts;
}

// Of a list, each wrong entry has its own: { 0: ["..."], 3: ["..."] }.
function sentences(reasons) {
  return typeof reasons === "object" ? [...new Set(Object.values(reasons).flatMap(sentences))] : [reasons];
}
