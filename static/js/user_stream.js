// The private stream: own orders, fills and balances, as long as someone is signed in.

import { session } from "./session.js";
import { ReconnectingSocket } from "./socket.js";

const REFUSED = new Set(["NOT_AUTHENTICATED", "INVALID_TOKEN", "ACCOUNT_SUSPENDED"]);

/** Fires "state" when `live` changes and "data" (detail: { channel, type, data }). */
export class UserStream extends EventTarget {
  #socket = new ReconnectingSocket("/ws/user");
  #token = null;
  #renewed = false;

  constructor() {
    super();
    this.live = false;
    this.#socket.addEventListener("open", () => this.#authenticate());
    this.#socket.addEventListener("message", ({ detail }) => this.#received(detail));
    this.#socket.addEventListener("down", () => this.#become(false));
  }

  start() {
    this.#socket.open();
  }

  stop() {
    this.#socket.close();
    this.#become(false);
  }

  reconnect() {
    this.#socket.reconnect();
  }

  async #authenticate() {
    try {
      this.#token = this.#renewed ? await session.freshToken(this.#token) : await session.token();
      this.#socket.send({ action: "authenticate", token: this.#token });
    } catch {
      // Signed out: the page stops this stream. No network: the socket comes back by itself.
      if (session.signedIn) this.#socket.reconnect();
    }
  }

  #received(message) {
    if (message.type === "authenticated") {
      this.#renewed = false;
      return this.#become(true);
    }
    if (message.type === "overrun") return this.#socket.reconnect();
    if (message.type === "error") return this.#refused(message);
    if (message.channel) this.dispatchEvent(new CustomEvent("data", { detail: message }));
  }

  // A token may have run out meanwhile: the next connection brings a new one.
  #refused({ code }) {
    if (!REFUSED.has(code)) return;
    this.#renewed = true;
    this.#socket.reconnect();
  }

  #become(live) {
    if (live === this.live) return;
    this.live = live;
    this.dispatchEvent(new Event("state"));
  }
}
