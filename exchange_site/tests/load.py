"""A day's load on an exchange: traders, a worker with enough to do, and clients of the streams."""

import contextlib
import itertools
import random
import threading

from celery import Celery
from kombu.exceptions import OperationalError

from exchange_site.tests.listeners import Listener, MarketListener, UserListener, missing
from exchange_site.tests.own_servers import OwnServers
from exchange_site.tests.random_requests import SYMBOLS
from exchange_site.tests.record import Ends, Json, Record, differences
from exchange_site.tests.traders import BusyTrader, Connection, SilentTrader, Trader

BUSY = ("alice", "alice", "bob", "bob")  # whose clients; two clients of one user meet each other's cancels
SILENT = "carol"
TASKS = (
    "trading.tasks.sweep_cancel_after",
    "trading.tasks.sweep_markets",
    "trading.tasks.roll_up_candles",
    "trading.tasks.refresh_prices",
)
TASK_PAUSE_SECONDS = 0.1
TASK_EXPIRES_SECONDS = 2  # what a dead worker missed is dropped


class Load:
    def __init__(self, own: OwnServers, chance: random.Random) -> None:
        self._own = own
        self.record = Record()
        self._tokens = {user: own.exchange.token(user) for user in {*BUSY, SILENT}}
        self._traders: list[Trader] = [
            self._trader(BusyTrader, user, chance, number) for number, user in enumerate(BUSY)
        ]
        self._traders.append(self._trader(SilentTrader, SILENT, chance, len(BUSY)))
        self._markets = [MarketListener(self.address, symbol) for symbol in SYMBOLS]
        self._users = {user: UserListener(self.address, token) for user, token in self._tokens.items()}
        self._tasks = TaskSender(own)

    def _trader(self, kind: type[Trader], user: str, chance: random.Random, number: int) -> Trader:
        connection = Connection(self.address, self._tokens[user], self.record)
        return kind(f"{user}-{number}", connection, self.record, random.Random(chance.random()))

    def address(self) -> str:
        return self._own.exchange.url

    @property
    def listeners(self) -> list[Listener]:
        return [*self._markets, *self._users.values()]

    def start(self) -> None:
        for thread in (*self._traders, *self.listeners, self._tasks):
            thread.start()

    def await_progress(self, what: str, times: int) -> None:
        """`what` was done so many times since this was called, and the streams have come as far as REST was."""
        record, before = self.record, self.record.counts[what]
        for market in self._markets:
            sequence = self._rest_book(market.symbol)["sequence"]
            market.wait_until(lambda market=market, sequence=sequence: market.sequence >= sequence)
        self._markets[0].wait_until(lambda: bool(record.wrong) or record.counts[what] >= before + times)
        assert not record.wrong, record.wrong[:5]

    def stop(self) -> None:
        """Every trader ends with what it is at, and so knows the outcome of all that it sent."""
        for trader in self._traders:
            trader.stopping.set()
        for trader in self._traders:
            trader.join()
        self._tasks.stop()

    def differences(self) -> list[str]:
        """Where the exchange and what it told its clients do not agree."""
        ends = Ends(self._own.exchange, self._tokens)
        return differences(self.record, ends) + self._of_streams(ends)

    def _of_streams(self, ends: Ends) -> list[str]:
        found = []
        for market in self._markets:
            book = self._rest_book(market.symbol)
            market.wait_until(
                lambda market=market, book=book: market.sequence == book["sequence"],
                lambda market=market, book=book: f"{market.symbol} at {market.sequence} is not {book}",
            )
            if market.book() != {side: dict(book[side]) for side in ("bids", "asks")}:
                found.append(f"{market.symbol}: the stream's book is {market.book()}, REST says {book}")
            found += missing(market.runs, ends.pages(f"trades/{market.symbol}"))
        for user, listener in self._users.items():
            self._await_account(listener, ends, self._tokens[user])
            for symbol, runs in listener.runs.items():
                found += missing(runs, ends.pages("fills", self._tokens[user], symbol=symbol))
        for listener in self.listeners:
            listener.stop()
            found += listener.wrong
        return found

    def _await_account(self, listener: UserListener, ends: Ends, token: str) -> None:
        """The stream shows the account as REST does."""
        shown = {order["id"]: order for order in ends.pages("orders", token, status="active")}
        shown |= {balance["asset"]: balance for balance in self._get("account", token)["balances"]}
        listener.wait_until(lambda: listener.account() == shown, lambda: _unlike(listener.account(), shown))

    def _rest_book(self, symbol: str) -> Json:
        return self._get(f"orderbook/{symbol}?depth=1000", self._tokens[SILENT])

    def _get(self, path: str, token: str) -> Json:
        connection = Connection(self.address, token, self.record)
        found: Json = connection.settle("GET", path).json()
        return found


def _unlike(heard: Json, shown: Json) -> str:
    """Only what differs."""
    keys = [key for key in heard.keys() | shown.keys() if heard.get(key) != shown.get(key)]
    return str([f"heard {heard.get(key)}, shown {shown.get(key)}" for key in keys])


class TaskSender(threading.Thread):
    """Sends the worker more of what beat sends it, so that it is always in the middle of something."""

    def __init__(self, own: OwnServers) -> None:
        super().__init__(name="tasks", daemon=True)
        self._own = own
        self._celery = Celery(set_as_current=False)
        self._stopping = threading.Event()

    def run(self) -> None:
        for task in itertools.cycle(TASKS):
            with contextlib.suppress(OperationalError):  # Redis is away
                self._send(task)
            if self._stopping.wait(TASK_PAUSE_SECONDS):
                return

    def _send(self, task: str) -> None:
        with self._celery.connection_for_write(self._own.environment["REDIS_URL"]) as connection:
            self._celery.send_task(task, expires=TASK_EXPIRES_SECONDS, connection=connection, retry=False)

    def stop(self) -> None:
        self._stopping.set()
        self.join()
