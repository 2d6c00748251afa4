"""Who listens to which market in this process, and what they get.

A hub follows one market's log for all its listeners: a message is made once and put into each outbox. It is
woken through the channel layer after each commit; a wake-up that is lost costs at most POLL_SECONDS, because
what is sent comes from the log and never from the wake-up.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import psycopg
from django.db import DatabaseError, InterfaceError, connection

from trading.matching_service.publish import symbol_group
from trading.streams.market_stream import MarketStream, Messages
from trading.streams.outbox import Outbox
from trading.streams.wake_ups import wake_ups

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
Result = TypeVar("Result")
LOST = (DatabaseError, InterfaceError, psycopg.Error)  # the database is away

# One thread, so one database connection, reads the log for all hubs of the process.
_reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="log-reader")


async def read(look: Callable[..., Result], *arguments: Any) -> Result:
    """Run a blocking look at the database on the reader's thread."""

    def guarded() -> Result:
        try:
            return look(*arguments)
        except LOST:
            connection.close()
            raise

    return await asyncio.get_running_loop().run_in_executor(_reader, guarded)


class MarketHub:
    def __init__(self, symbol: str, stream: MarketStream) -> None:
        self.symbol = symbol
        self._stream = stream
        self._listeners: dict[str, set[Outbox]] = {}
        self._turn = asyncio.Lock()  # a snapshot and the updates after it must not overlap
        self._wake = asyncio.Event()
        self._task = asyncio.create_task(self._follow())
        wake_ups.listen(symbol_group(symbol), lambda _: self._wake.set())

    async def listen(self, outbox: Outbox, channels: list[str]) -> None:
        """A snapshot of each channel into the outbox, and from then on every update."""
        async with self._turn:
            if self.is_idle:  # nobody listened, so nobody followed
                await read(self._stream.advance)
            for channel in channels:
                outbox.put(await read(self._stream.snapshot, channel))
                self._listeners.setdefault(channel, set()).add(outbox)

    def leave(self, outbox: Outbox, channels: list[str]) -> None:
        for channel in channels:
            self._listeners.get(channel, set()).discard(outbox)

    @property
    def is_idle(self) -> bool:
        return not any(self._listeners.values())

    async def _follow(self) -> None:
        while True:
            try:
                await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)
            except TimeoutError:
                pass
            self._wake.clear()
            if self.is_idle:
                continue
            try:
                async with self._turn:
                    self._send(await read(self._stream.advance))
            except LOST as error:
                logger.warning("%s: cannot read the log: %s", self.symbol, error)
                await asyncio.sleep(POLL_SECONDS)
            except Exception:  # a bug must not leave everybody who listens in silence for ever
                logger.exception("%s: cannot follow the log", self.symbol)
                await asyncio.sleep(POLL_SECONDS)

    def _send(self, messages: Messages) -> None:
        for channel, text in messages.items():
            for outbox in self._listeners.get(channel, ()):
                outbox.put(text)


class Hubs:
    """The hubs of this process, one per market that somebody has listened to."""

    def __init__(self) -> None:
        self._hubs: dict[str, MarketHub] = {}
        self._making = asyncio.Lock()

    async def hub(self, symbol: str) -> MarketHub:
        """Raises Refused UNKNOWN_SYMBOL."""
        async with self._making:
            if symbol not in self._hubs:
                self._hubs[symbol] = MarketHub(symbol, await read(MarketStream, symbol))
            return self._hubs[symbol]

    def leave(self, symbol: str, outbox: Outbox, channels: list[str]) -> None:
        if symbol in self._hubs:
            self._hubs[symbol].leave(outbox, channels)


hubs = Hubs()
