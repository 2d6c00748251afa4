// Who is signed in, in this tab: tokens in sessionStorage, refreshed before they run out.

import { ApiError, request } from "./api.js";
import { inTurn, isSpent, noteSpent } from "./spent_tokens.js";

const KEY = "bourse.session";
// Refresh this long before the end, so that no request starts with a token about to expire.
const MARGIN_MS = 30_000;
// How long to wait for a tab that has used the refresh token which it shares with this one.
const HAND_ON_MS = 1000;

/** Fires "change" when someone signs in or out; detail.reason tells why a session ended, if it was not asked for. */
class Session extends EventTarget {
  #refreshing = null;
  #timer = null;
  #tabs = new BroadcastChannel("bourse.session");

  constructor() {
    super();
    this.#tabs.addEventListener("message", ({ data }) => this.#adopt(data));
    this.#schedule();
  }

  get username() {
    return read()?.username ?? null;
  }

  /** Whether there is more to see than others may; what is shown, the exchange decides anew each time. */
  get isStaff() {
    return read()?.isStaff ?? false;
  }

  get signedIn() {
    return read() !== null;
  }

  /** otp: a one-time code, of who has a second factor; empty for anybody else. */
  async signIn(username, password, otp = "") {
    const tokens = await request("POST", "auth/token", { body: { username, password, ...(otp && { otp }) } });
    this.#keep(username, tokens);
    this.#announce();
  }

  /** A new password; this tab goes on with the tokens that come with it. */
  async changePassword(body) {
    const tokens = await this.request("POST", "auth/password", body);
    this.#keep(this.username, tokens);
  }

  async register(username, email, password) {
    await request("POST", "auth/register", { body: { username, email, password } });
    await this.signIn(username, password);
  }

  async signOut() {
    const tokens = read();
    this.#drop();
    if (!tokens) return;
    try {
      await request("POST", "auth/logout", { body: { refresh: tokens.refresh }, token: tokens.access });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error; // signed out here in any case
    }
  }

  /** A request as the signed-in user; an expired token is refreshed and the request made once more. */
  async request(method, path, body) {
    const token = await this.token();
    try {
      return await request(method, path, { body, token });
    } catch (error) {
      if (error.code === "ACCOUNT_SUSPENDED") this.#drop(error.code);
      // A wrong password in the body says nothing about the token.
      if (error.status !== 401 || error.code === "INVALID_CREDENTIALS") throw error;
    }
    return request(method, path, { body, token: await this.freshToken(token) });
  }

  /** A valid access token; throws ApiError NOT_AUTHENTICATED when nobody is signed in. */
  async token() {
    const tokens = read();
    if (!tokens) throw notSignedIn();
    return tokens.expiresAt - Date.now() > MARGIN_MS ? tokens.access : this.freshToken(tokens.access);
  }

  /** A newer token than the one given. A refresh token works once, so callers share one refresh. */
  async freshToken(stale) {
    const tokens = read();
    if (tokens && tokens.access !== stale) return tokens.access;
    this.#refreshing ??= inTurn(() => this.#refresh(stale)).finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  // A tab that was duplicated shares its tokens. Whoever presents a refresh token that was used before ends the session
  // of both, so they take turns, and hand on what they got.
  async #refresh(stale) {
    if (isSpent(read()?.refresh)) await this.#handedOn();
    const before = read();
    if (!before) throw notSignedIn();
    if (before.access !== stale) return before.access;
    try {
      if (isSpent(before.refresh)) throw new ApiError(401, { code: "INVALID_TOKEN", message: "Another tab goes on with this log-in." });
      return await this.#exchange(before);
    } catch (error) {
      if (error.status === 401 || error.status === 403) this.#drop(error.code);
      throw error;
    }
  }

  async #exchange(before) {
    const tokens = await request("POST", "auth/token/refresh", { body: { refresh: before.refresh } });
    noteSpent(before.refresh);
    this.#tabs.postMessage({ spent: before.refresh, tokens });
    // Whoever signed out, or in as someone else, meanwhile, stays so.
    if (read()?.refresh === before.refresh) this.#keep(before.username, tokens);
    if (!read()) throw notSignedIn();
    return read().access;
  }

  #adopt({ spent, tokens }) {
    const before = read();
    if (before?.refresh === spent) this.#keep(before.username, tokens);
  }

  #handedOn() {
    return new Promise((resolve) => {
      this.#tabs.addEventListener("message", resolve, { once: true });
      setTimeout(resolve, HAND_ON_MS);
    });
  }

  #keep(username, { access, refresh, expires_in: seconds, is_staff: isStaff }) {
    const expiresAt = Date.now() + seconds * 1000;
    sessionStorage.setItem(KEY, JSON.stringify({ username, access, refresh, expiresAt, isStaff }));
    this.#schedule();
  }

  #drop(reason = null) {
    sessionStorage.removeItem(KEY);
    clearTimeout(this.#timer);
    this.#announce(reason);
  }

  #schedule() {
    clearTimeout(this.#timer);
    const tokens = read();
    if (!tokens) return;
    const wait = Math.min(Math.max(tokens.expiresAt - Date.now() - MARGIN_MS, 1000), 2 ** 31 - 1);
    // A refresh that fails for want of a network is tried again by the next request.
    this.#timer = setTimeout(() => this.token().catch(() => {}), wait);
  }

  #announce(reason = null) {
    this.dispatchEvent(new CustomEvent("change", { detail: { reason } }));
  }
}

function notSignedIn() {
  return new ApiError(401, { code: "NOT_AUTHENTICATED", message: "Sign in first." });
}

function read() {
  return JSON.parse(sessionStorage.getItem(KEY) ?? "null");
}

export const session = new Session();
