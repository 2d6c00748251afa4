// A WebSocket that comes back by itself.

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
const SILENCE_MS = 30_000;
const ANSWER_MS = 10_000;

/**
 * Fires "open", "message" (detail: the parsed message) and "down".
 *
 * `probe`: a message that the server always answers, sent after a long silence to tell a quiet
 * market from a dead line; null if the stream has none.
 */
export class ReconnectingSocket extends EventTarget {
  #socket = null;
  #wanted = false;
  #attempts = 0;
  #retryTimer = null;
  #silenceTimer = null;

  constructor(path, probe = null) {
    super();
    this.path = path;
    this.probe = probe;
    addEventListener("online", () => this.#wanted && this.#retryNow());
  }

  open() {
    this.#wanted = true;
    if (!this.#socket) this.#connect();
  }

  close() {
    this.#wanted = false;
    clearTimeout(this.#retryTimer);
    this.#letGo();
  }

  /** Drop the line and take a new one at once. */
  reconnect() {
    if (!this.#wanted) return;
    this.#letGo();
    this.#lost();
  }

  send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #connect() {
    clearTimeout(this.#retryTimer);
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}${this.path}`);
    this.#socket = socket;
    const mine = (handler) => (event) => socket === this.#socket && handler(event);
    socket.onopen = mine(() => this.#opened());
    socket.onmessage = mine((event) => this.#received(event.data));
    socket.onclose = mine(() => this.#lost());
    this.#listen();
  }

  #opened() {
    this.#listen();
    this.dispatchEvent(new Event("open"));
  }

  #received(text) {
    this.#listen();
    const message = JSON.parse(text);
    if (message.type === "ping") return this.send({ action: "pong" });
    // Only a line that carries data counts as a success: one that is accepted and dropped must not be hammered.
    if (message.type !== "error") this.#attempts = 0;
    this.dispatchEvent(new CustomEvent("message", { detail: message }));
  }

  #lost() {
    this.#letGo();
    this.dispatchEvent(new Event("down"));
    if (!this.#wanted) return;
    const wait = Math.min(FIRST_WAIT_MS * 2 ** this.#attempts, LONGEST_WAIT_MS);
    this.#attempts += 1;
    // Spread out, so that a restarted server does not meet all its clients in the same instant.
    this.#retryTimer = setTimeout(() => this.#connect(), wait * (0.5 + Math.random() / 2));
  }

  #retryNow() {
    if (this.#socket) return;
    this.#attempts = 0;
    this.#connect();
  }

  #letGo() {
    clearTimeout(this.#silenceTimer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #listen() {
    clearTimeout(this.#silenceTimer);
    const connecting = this.#socket?.readyState === WebSocket.CONNECTING;
    if (connecting) this.#silenceTimer = setTimeout(() => this.#lost(), ANSWER_MS);
    else if (this.probe) this.#silenceTimer = setTimeout(() => this.#ask(), SILENCE_MS);
  }

  #ask() {
    this.send(this.probe);
    this.#silenceTimer = setTimeout(() => this.#lost(), ANSWER_MS);
  }
}
