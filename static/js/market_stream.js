// The public stream of one market: keeps the local book, passes trades on, says how it is doing.

import { LocalBook } from "./book.js";
import { ReconnectingSocket } from "./socket.js";

const RESYNC = { action: "resync" };
const SNAPSHOT_MS = 10_000;

/**
 * Fires "state" (connecting | live | offline), "book" after each change of the book, and "trades"
 * (detail: { fresh, trades }: oldest first; fresh when they replace what was shown before).
 */
export class MarketStream extends EventTarget {
  #socket = new ReconnectingSocket("/ws/marketdata", RESYNC);
  #snapshotTimer = null; // set while a snapshot is on its way

  constructor(symbol) {
    super();
    this.symbol = symbol;
    this.state = "connecting";
    this.book = new LocalBook();
    this.#socket.addEventListener("open", () => this.#subscribe());
    this.#socket.addEventListener("message", ({ detail }) => this.#received(detail));
    this.#socket.addEventListener("down", () => this.#down());
  }

  start() {
    this.#socket.open();
  }

  #subscribe() {
    this.#awaitSnapshot();
    this.#socket.send({ action: "subscribe", channels: ["book", "trades"], symbol: this.symbol });
  }

  #received(message) {
    if (message.type === "overrun") return this.#invalidate();
    if (message.type === "error") return this.#refused();
    if (message.symbol !== this.symbol) return;
    if (message.channel === "book") this.#bookMessage(message);
    if (message.channel === "trades") this.#tradesMessage(message);
  }

  // Without a subscription the line is of no use: take a new one, later and later.
  #refused() {
    if (this.state !== "live") this.#socket.reconnect();
  }

  #bookMessage(message) {
    if (message.type === "snapshot") this.#snapshot(message);
    else if (this.book.applyUpdate(message) === "broken") this.#resync();
    this.dispatchEvent(new Event("book"));
  }

  #snapshot(message) {
    this.#stopWaiting();
    if (this.book.applySnapshot(message)) this.#become("live");
    else this.#socket.reconnect();
  }

  // Updates that were on their way when the gap was seen must not ask again and again.
  #resync() {
    if (this.#snapshotTimer) return;
    this.#invalidate();
    this.#socket.send(RESYNC);
  }

  #invalidate() {
    this.#awaitSnapshot();
    this.book.clear();
    this.#become("connecting");
    this.dispatchEvent(new Event("book"));
  }

  #tradesMessage({ type, trades }) {
    const fresh = type === "snapshot";
    const detail = { fresh, trades: fresh ? [...trades].reverse() : trades };
    this.dispatchEvent(new CustomEvent("trades", { detail }));
  }

  #awaitSnapshot() {
    this.#stopWaiting();
    this.#snapshotTimer = setTimeout(() => this.#socket.reconnect(), SNAPSHOT_MS);
  }

  #stopWaiting() {
    clearTimeout(this.#snapshotTimer);
    this.#snapshotTimer = null;
  }

  #down() {
    this.#stopWaiting();
    this.book.clear();
    this.#become("offline");
    this.dispatchEvent(new Event("book"));
  }

  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }
}
