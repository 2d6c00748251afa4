"""The real socket server, in a thread of the test, and clients that talk to it."""

import asyncio
import json
import threading
import time
from decimal import Decimal

import uvicorn
from channels.routing import get_default_application
from django.db import connections
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from accounts.services import issue_tokens
from trading.consumers import guards, market_data, user
from trading.services.roll_up_candles import roll_up_if_behind
from trading.streams import hub, readers
from trading.streams.wake_ups import WakeUps

PATIENCE = 20.0


def eventually(condition, what="it"):
    """The first true value of the condition; fails only after a generous while."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what} did not come about in {PATIENCE:g} s")


def close_connections(reader):
    """Those of all the reader's threads: each of them takes part, for none goes on before all are there."""
    together = threading.Barrier(reader.threads)

    def close():
        together.wait(PATIENCE)
        connections.close_all()

    for closed in [reader.pool.submit(close) for _ in range(reader.threads)]:
        closed.result(PATIENCE)


class SocketServer:
    """uvicorn as the demo runs it. Connections with `?slow` in their address can be held: then what is sent to
    them does not get through, as when a client does not read."""

    def __init__(self, monkeypatch):
        fresh = WakeUps()
        monkeypatch.setattr(hub, "wake_ups", fresh)
        monkeypatch.setattr(user, "wake_ups", fresh)
        monkeypatch.setattr(market_data, "hubs", hub.Hubs(roll_up_if_behind))
        self.held = threading.Event()
        self.clients = []
        self.application = get_default_application()
        config = uvicorn.Config(
            self._app, port=0, interface="asgi3", lifespan="off", log_level="warning", timeout_graceful_shutdown=1,
            ws="websockets-sansio", ws_max_size=65536, ws_per_message_deflate=False,
        )  # fmt: skip
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(
            target=lambda: asyncio.run(self.server.serve()), name="sockets", daemon=True
        )
        self.thread.start()
        eventually(lambda: self.server.started, "the socket server")
        self.port = self.server.servers[0].sockets[0].getsockname()[1]

    async def _app(self, scope, receive, send):
        self.loop = asyncio.get_running_loop()

        async def held_send(message):
            while self.held.is_set() and message["type"] == "websocket.send":
                await asyncio.sleep(0.01)
            await send(message)

        slow = scope["type"] == "websocket" and scope["query_string"] == b"slow"
        await self.application(scope, receive, held_send if slow else send)

    def stop(self):
        self.held.clear()
        for client in self.clients:
            client.close()
        self.server.should_exit = True
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()
        for reader in (
            readers.log_reader,
            readers.user_reader,
            readers.summary_reader,
            guards.renewer,
            guards.striker,
        ):
            close_connections(reader)

    def client(self, address="/ws/marketdata", **options):
        client = Client(f"ws://127.0.0.1:{self.port}{address}", **options)
        self.clients.append(client)
        return client

    def user_client(self, who, **options):
        """A client that has said who it is, and heard where its account stands."""
        client = self.client("/ws/user")
        client.say(action="authenticate", token=issue_tokens(who).access, **options)
        assert client.hear() == {"type": "authenticated", **options}
        client.snapshots = {}
        for _ in range(5):
            message = client.hear()
            assert message["type"] == "snapshot"
            client.snapshots[message["channel"]] = message["data"]
        return client


class Client:
    """One connection. Everything it hears is in `heard`."""

    def __init__(self, address, **options):
        self.connection = connect(address, open_timeout=PATIENCE, max_size=None, **options)
        self.heard = []

    def say(self, text=None, **message):
        self.connection.send(json.dumps(message) if text is None else text)

    def hear(self):
        message = json.loads(self.connection.recv(timeout=PATIENCE))
        self.heard.append(message)
        return message

    def hear_until(self, condition):
        """The first message that fulfils the condition."""
        while True:
            message = self.hear()
            if condition(message):
                return message

    def subscribe(self, *channels, symbol="BTC-USDT"):
        """The snapshots, by channel."""
        self.say(action="subscribe", channels=list(channels), symbol=symbol)
        assert self.hear() == {"type": "subscribed", "channels": list(channels), "symbol": symbol}
        snapshots = [self.hear() for _ in channels]
        assert [(one["channel"], one["type"], one["symbol"]) for one in snapshots] == [
            (channel, "snapshot", symbol) for channel in channels
        ]
        return snapshots

    def closed(self):
        """(code, what was heard before) once the other side has closed the connection."""
        said = []
        try:
            while True:
                said.append(self.hear())
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None, said

    def close(self):
        self.connection.close()


class LocalBook:
    """A book as a client builds it: a snapshot, then updates without a gap."""

    def __init__(self, snapshot=None):
        self.sides = {"bids": {}, "asks": {}}
        self.sequence = None
        if snapshot is not None:
            self.take(snapshot)

    def take(self, message):
        assert message["channel"] == "book"
        if message["type"] == "snapshot":
            self.sequence = message["sequence"]
            self.sides = {side: dict(message[side]) for side in self.sides}
            return self
        assert message["type"] == "update"
        assert message["first_sequence"] == self.sequence + 1, (self.sequence, message)
        assert message["last_sequence"] >= message["first_sequence"]
        self.sequence = message["last_sequence"]
        for side, levels in self.sides.items():
            for price, quantity in message[side]:
                if quantity == "0":
                    levels.pop(price, None)
                else:
                    levels[price] = quantity
        return self

    def follow(self, client, sequence):
        """Take what the client hears until the book is at the sequence."""
        while self.sequence < sequence:
            message = client.hear()
            if message.get("channel") == "book":
                self.take(message)
        return self

    def shown(self):
        """As GET /orderbook shows it."""
        bids = sorted(self.sides["bids"].items(), key=lambda level: Decimal(level[0]), reverse=True)
        asks = sorted(self.sides["asks"].items(), key=lambda level: Decimal(level[0]))
        return {
            "sequence": self.sequence,
            "bids": [[*level] for level in bids],
            "asks": [[*level] for level in asks],
        }


def rest_book(desk, symbol="BTC-USDT"):
    shown = desk.get(f"orderbook/{symbol}", depth=1000).json()
    assert shown.pop("symbol") == symbol
    return shown
