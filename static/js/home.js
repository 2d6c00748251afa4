// The overview of all markets.

import { ApiError, publicGet } from "./api.js";
import { byId, setText, whileVisible } from "./dom.js";
import { Decimal } from "./decimal.js";
import { grouped, shortened, signed } from "./format.js";
import { session } from "./session.js";
import { startSignIn } from "./sign_in.js";
import { startTheme } from "./theme.js";

const EVERY_MS = 4000;
const rows = new Map([...byId("markets").querySelectorAll("[data-symbol]")].map((row) => [row.dataset.symbol, row]));

function show(row, ticker) {
  const decimals = Number(row.dataset.decimals);
  const value = (name, text) => setText(row.querySelector(`[data-value="${name}"]`), text);
  value("last", grouped(ticker.last, decimals));
  value("high", grouped(ticker.high, decimals));
  value("low", grouped(ticker.low, decimals));
  value("volume", `${shortened(ticker.volume)} ${row.dataset.base}`);
  const change = row.querySelector('[data-value="change"]');
  const percent = ticker.change_percent ?? null;
  setText(change, percent === null ? "–" : `${signed(percent, 2)}%`);
  const direction = percent === null ? 0 : Decimal.parse(percent).sign();
  change.className = direction === 0 ? "" : direction > 0 ? "up" : "down";
}

async function refresh() {
  try {
    const answer = await publicGet("ticker");
    for (const ticker of answer.results ?? answer) if (rows.has(ticker.symbol)) show(rows.get(ticker.symbol), ticker);
    state("live", "Live");
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    state("offline", "No connection, trying again");
  }
}

function state(name, text) {
  byId("ticker-state").dataset.state = name;
  setText(byId("ticker-state"), text);
}

function greet() {
  const text = session.signedIn ? `You are signed in as ${session.username}.` : "You are looking as a guest. Sign in to trade.";
  setText(byId("session-line"), text);
}

startTheme();
startSignIn();
greet();
session.addEventListener("change", greet);
whileVisible(EVERY_MS, refresh);
