// Sending an order so that a lost answer can do no harm.

import { session } from "./session.js";
import { orderBody } from "./ticket_rules.js";

/** Random, 128 bits. Not crypto.randomUUID: that one is missing on plain http. */
function newClientOrderId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Sends orders one at a time. If no answer came, the same order gets the same client order id when it is sent
 * again, and the exchange answers with the first one instead of making a second.
 */
export class OrderEntry {
  #unanswered = null; // { text, id } of an order whose fate is unknown

  constructor(symbol) {
    this.symbol = symbol;
  }

  /** Answers the order as it stands, or throws an ApiError. */
  async place(order) {
    const text = JSON.stringify(orderBody(order, this.symbol, ""));
    const id = this.#unanswered?.text === text ? this.#unanswered.id : newClientOrderId();
    this.#unanswered = { text, id };
    const body = orderBody(order, this.symbol, id);
    const placed = await this.#send(body);
    this.#unanswered = null;
    return placed;
  }

  async #send(body) {
    try {
      return await session.request("POST", "orders", body);
    } catch (error) {
      if (!error.outcomeUnknown) {
        this.#unanswered = null;
        throw error;
      }
    }
    return session.request("POST", "orders", body);
  }
}
