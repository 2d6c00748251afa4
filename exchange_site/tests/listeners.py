"""Clients of the sockets that connect again whenever they are cut off, and check that no message is missing."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect

from exchange_site.tests.random_requests import SYMBOLS
from exchange_site.tests.record import OPEN, Json
from exchange_site.tests.traders import Address

HEAR_SECONDS = 0.2  # before a listener looks whether it is to stop
PAUSE_SECONDS = 0.1  # before it connects again
PATIENCE_SECONDS = 60
CUT_OFF = (ConnectionClosed, InvalidHandshake, OSError, TimeoutError)


class Listener(threading.Thread):
    """One socket client, over as many connections as it takes. `wrong`: what should not have been said."""

    path: str

    def __init__(self, address: Address) -> None:
        super().__init__(name=type(self).__name__, daemon=True)
        self._address = address
        self._stopping = threading.Event()
        self.wrong: list[str] = []
        self.connections = 0

    def run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._listen()
        except Exception as error:
            self.wrong.append(f"{self.name}: {type(error).__name__}: {error}")

    def stop(self) -> None:
        self._stopping.set()
        self.join(PATIENCE_SECONDS)

    def wait_until(self, condition: Callable[[], bool], failure: Callable[[], str] = lambda: "") -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert not self.wrong, self.wrong
            assert time.monotonic() < deadline, f"{self.name} waited in vain: {failure()}"
            time.sleep(0.02)

    def _listen(self) -> None:
        """One connection, until it is cut off."""
        try:
            address = self._address().replace("http", "ws", 1) + self.path
            with connect(address, open_timeout=PATIENCE_SECONDS, max_size=None) as connection:
                self.connections += 1
                self.greet(connection)
                while not self._stopping.is_set():
                    self._hear(connection)
        except CUT_OFF:
            time.sleep(PAUSE_SECONDS)

    def _hear(self, connection: ClientConnection) -> None:
        try:
            message = json.loads(connection.recv(timeout=HEAR_SECONDS))
        except TimeoutError:
            return
        if message["type"] == "error" and message["code"] != "UNAVAILABLE":
            self.wrong.append(f"{self.name} heard {message}")
        elif message["type"] == "error":
            raise TimeoutError  # the database is away: ask again over a new connection
        self.hear(message)

    def greet(self, connection: ClientConnection) -> None:
        """What is said first."""

    def hear(self, message: Json) -> None:
        """One message that is no error."""


class MarketListener(Listener):
    """Keeps the book of one market as the stream tells it. `runs`: trade ids, each run without a gap."""

    path = "/ws/marketdata"

    def __init__(self, address: Address, symbol: str) -> None:
        super().__init__(address)
        self.symbol = symbol
        self.sequence = 0
        self.runs: list[list[int]] = []
        self._sides: dict[str, dict[str, str]] = {"bids": {}, "asks": {}}
        self._reach: dict[str, int] = {}  # channel: the last sequence heard

    def greet(self, connection: ClientConnection) -> None:
        connection.send(
            json.dumps({"action": "subscribe", "channels": ["book", "trades"], "symbol": self.symbol})
        )

    def hear(self, message: Json) -> None:
        if message["type"] not in ("snapshot", "update"):
            return
        self._follow(message)
        if message["channel"] == "trades":
            self._hear_trades(message)
        else:
            self._hear_book(message)

    def _follow(self, message: Json) -> None:
        channel = message["channel"]
        if message["type"] == "update":
            if message["first_sequence"] != self._reach[channel] + 1:
                self.wrong.append(f"{channel} goes on from {self._reach[channel]} with {message}")
            self._reach[channel] = message["last_sequence"]
        else:
            if message["sequence"] < self._reach.get(channel, 0):
                self.wrong.append(f"{channel} has come to {self._reach[channel]}, then {message}")
            self._reach[channel] = message["sequence"]

    def _hear_book(self, message: Json) -> None:
        for name, side in self._sides.items():
            if message["type"] == "snapshot":
                side.clear()
            side.update(message[name])
            for price in [price for price, quantity in side.items() if quantity == "0"]:
                del side[price]
        self.sequence = self._reach["book"]

    def _hear_trades(self, message: Json) -> None:
        ids = [trade["id"] for trade in message["trades"]]
        if message["type"] == "snapshot":
            self.runs.append(ids[::-1])
        else:
            self.runs[-1] += ids

    def book(self) -> dict[str, dict[str, str]]:
        return {name: dict(side) for name, side in self._sides.items()}


class UserListener(Listener):
    """Keeps an account's open orders and balances as its stream tells them. `runs`: fills as they came, as in
    MarketListener, by market: between two markets they have no order."""

    path = "/ws/user"

    def __init__(self, address: Address, token: str) -> None:
        super().__init__(address)
        self._token = token
        self.open_orders: dict[str, Json] = {}
        self.balances: list[Any] = []
        self.runs: dict[str, list[list[int]]] = {symbol: [] for symbol in SYMBOLS}

    def greet(self, connection: ClientConnection) -> None:
        connection.send(json.dumps({"action": "authenticate", "token": self._token}))

    def hear(self, message: Json) -> None:
        if message["type"] not in ("snapshot", "update"):
            return
        hear = {"orders": self._hear_orders, "fills": self._hear_fills, "balances": self._hear_balances}
        if message["channel"] in hear:
            hear[message["channel"]](message["data"], message["type"] == "snapshot")

    def _hear_orders(self, orders: list[Json], is_snapshot: bool) -> None:
        known = {} if is_snapshot else dict(self.open_orders)
        for order in orders:
            known[order["id"]] = order
        self.open_orders = {key: order for key, order in known.items() if order["status"] in OPEN}

    def _hear_fills(self, fills: list[Json], is_snapshot: bool) -> None:
        if is_snapshot:
            for runs in self.runs.values():
                runs.append([])
        for fill in reversed(fills) if is_snapshot else fills:
            self.runs[fill["symbol"]][-1].append(fill["id"])

    def account(self) -> Json:
        """Open orders by id and balances by asset."""
        return self.open_orders | {balance["asset"]: balance for balance in self.balances}

    def _hear_balances(self, balances: list[Json], _: bool) -> None:
        self.balances = balances


def missing(runs: list[list[int]], newest_first: list[Json]) -> list[str]:
    """Runs that are not a piece of the whole list, in words."""
    whole = [row["id"] for row in reversed(newest_first)]
    place = {each: index for index, each in enumerate(whole)}
    found = []
    for run in runs:
        begin = place.get(run[0], 0) if run else 0
        if run != whole[begin : begin + len(run)]:
            there = whole[begin : begin + len(run)]
            found.append(
                f"not told: {set(there) - set(run)}, never made: {set(run) - set(there)}, told: {run}"
            )
    return found
