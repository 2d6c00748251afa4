// The trading page: makes the parts and connects them.

import { ApiError } from "./api.js";
import { BookView } from "./book_view.js";
import { CandleChart } from "./chart.js";
import { Candles } from "./candles.js";
import { byId } from "./dom.js";
import { HeaderView } from "./header_view.js";
import { marketOf } from "./market.js";
import { MarketStream } from "./market_stream.js";
import { OwnData } from "./own_data.js";
import { OwnView } from "./own_view.js";
import { PerpetualAccount } from "./perpetual_account.js";
import { PositionsView } from "./positions_view.js";
import { session } from "./session.js";
import { startSignIn } from "./sign_in.js";
import { TapeView } from "./tape_view.js";
import { startTheme } from "./theme.js";
import { Ticket } from "./ticket.js";
import { UserStream } from "./user_stream.js";

const CORRECT_CANDLES_MS = 60_000;
// Own data comes with the stream; while there is none, it is read by REST this often.
const OWN_DATA_MS = 5000;

const page = byId("main");
const market = marketOf(page);
const stream = new MarketStream(market.symbol);
const userStream = new UserStream();
const own = new OwnData();
const candles = new Candles(market.symbol);

const perpetual = market.isPerpetual ? new PerpetualAccount(market.symbol) : null;
const ticket = new Ticket({ market, book: stream.book, own, perpetual, placed });
const header = new HeaderView(market, () => ticket.draw());
const book = new BookView(stream.book, market, (price) => ticket.setPrice(price));
const tape = new TapeView(market);
const ownView = new OwnView(own, market, userStream);
const chart = new CandleChart(byId("chart"), candles, market.priceDecimals);

if (perpetual) new PositionsView(perpetual, market);

function placed(order) {
  own.noteOrder(order);
  ownView.afterAction();
}

function followMarket() {
  stream.addEventListener("state", () => {
    page.dataset.state = stream.state;
    header.showState(stream.state);
    // A lost line is lost for both streams, but only this one can tell a quiet market from a dead line.
    if (stream.state === "offline") userStream.reconnect();
  });
  stream.addEventListener("book", () => {
    book.draw();
    ticket.draw();
  });
  stream.addEventListener("trades", ({ detail }) => tradesArrived(detail));
  stream.start();
}

function tradesArrived({ fresh, trades }) {
  tape.show({ fresh, trades });
  if (trades.length > 0) header.showLast(trades.at(-1).price);
  if (fresh) loadCandles();
  else candles.addTrades(trades);
}

function loadCandles(interval) {
  candles.load(interval).catch(ignoreRefusal);
}

function followOwn() {
  userStream.addEventListener("state", markOwn);
  userStream.addEventListener("data", ({ detail }) => own.receive(detail));
  if (perpetual) userStream.addEventListener("data", ({ detail }) => perpetual.receive(detail));
  own.addEventListener("orders", () => book.markOwn(own.restingPrices(market.symbol)));
  session.addEventListener("change", signedInOrOut);
  signedInOrOut();
}

function signedInOrOut() {
  userStream.stop();
  own.clear();
  perpetual?.clear();
  perpetual?.reload();
  if (session.signedIn) userStream.start();
  markOwn();
  ticket.draw();
  ownView.drawAll();
}

function readOwnIfNeeded() {
  if (session.signedIn && !userStream.live && !document.hidden) own.reload().catch(ignoreRefusal);
}

// Without its stream own data may be some seconds old, and looks it.
function markOwn() {
  page.dataset.own = session.signedIn && !userStream.live ? "waiting" : "live";
}

function chooseInterval(event) {
  const button = event.target.closest("[data-interval]");
  if (!button) return;
  for (const each of byId("intervals").children) each.setAttribute("aria-pressed", String(each === button));
  loadCandles(button.dataset.interval);
}

function ignoreRefusal(error) {
  if (!(error instanceof ApiError)) throw error;
}

startTheme(() => chart.recolour());
startSignIn();
byId("intervals").addEventListener("click", chooseInterval);
setInterval(() => document.hidden || candles.correct().catch(ignoreRefusal), CORRECT_CANDLES_MS);
setInterval(readOwnIfNeeded, OWN_DATA_MS);
followMarket();
followOwn();
