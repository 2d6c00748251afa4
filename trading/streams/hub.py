"""Who listens to which market in this process, and what they get.

A hub follows one market's log for all its listeners: a message is made once and put into each outbox. It is
woken through the channel layer after each commit; a wake-up that is lost costs at most POLL_SECONDS, because
what is sent comes from the log and never from the wake-up.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable

from trading.matching_service.publish import symbol_group
from trading.streams.market_stream import CHANNELS as LOG_CHANNELS
from trading.streams.market_stream import TRADES, MarketStream, Messages
from trading.streams.market_summary import SUMMARIES, TICKER
from trading.streams.outbox import Outbox
from trading.streams.readers import LOST, log_reader
from trading.streams.summaries import Summaries
from trading.streams.wake_ups import wake_ups

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
CHANNELS = (*LOG_CHANNELS, *SUMMARIES)


class MarketHub:
    def __init__(self, symbol: str, stream: MarketStream, summaries: Summaries) -> None:
        self.symbol = symbol
        self._stream = stream
        self._summaries = summaries
        self._listeners: dict[str, set[Outbox]] = {}
        self._turn = asyncio.Lock()  # a snapshot and the updates after it must not overlap
        self._wake = asyncio.Event()
        self._task = asyncio.create_task(self._follow())
        wake_ups.listen(symbol_group(symbol), lambda _: self._wake.set())

    async def listen(
        self, outbox: Outbox, channels: list[str], is_wanted: Callable[[str], bool] = lambda _: True
    ) -> None:
        """A snapshot of each channel into the outbox, and from then on every update.

        is_wanted: asked when a snapshot has been read, for meanwhile the client may have unsubscribed or gone.
        """
        async with self._turn:
            if self.is_idle:  # nobody listened, so nobody followed
                await log_reader.read(self._stream.advance)
            for channel in channels:
                if channel in LOG_CHANNELS:
                    await self._listen(outbox, channel, is_wanted)
        for channel in channels:
            if channel in SUMMARIES:
                await self._summaries.listen(outbox, channel, is_wanted)

    async def _listen(self, outbox: Outbox, channel: str, is_wanted: Callable[[str], bool]) -> None:
        snapshot = await log_reader.read(self._stream.snapshot, channel)
        if is_wanted(channel):
            outbox.put(snapshot)
            self._listeners.setdefault(channel, set()).add(outbox)

    def leave(self, outbox: Outbox, channels: Iterable[str] = CHANNELS) -> None:
        for channel in channels:
            self._listeners.get(channel, set()).discard(outbox)
        self._summaries.leave(outbox, channels)

    @property
    def is_idle(self) -> bool:
        return self._summaries.is_idle and not any(self._listeners.values())

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
                    self._send(await log_reader.read(self._stream.advance))
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
        if TRADES in messages:
            self._summaries.touch(SUMMARIES)
        elif messages:
            # Even if the best prices are what they were at our last look: a summary may have been read between.
            self._summaries.touch([TICKER])


class Hubs:
    """The hubs of this process, one per market that somebody has listened to."""

    def __init__(self, before_summaries: Callable[[], object]) -> None:
        """before_summaries: called on a thread before each look at tickers and candles."""
        self._before_summaries = before_summaries
        self._hubs: dict[str, MarketHub] = {}
        self._making = asyncio.Lock()

    async def hub(self, symbol: str) -> MarketHub:
        """Raises Refused UNKNOWN_SYMBOL."""
        async with self._making:
            if symbol not in self._hubs:
                stream = await log_reader.read(MarketStream, symbol)
                self._hubs[symbol] = MarketHub(symbol, stream, Summaries(symbol, self._before_summaries))
            return self._hubs[symbol]

    def leave(self, symbol: str, outbox: Outbox, channels: list[str]) -> None:
        if symbol in self._hubs:
            self._hubs[symbol].leave(outbox, channels)

    def leave_all(self, outbox: Outbox) -> None:
        """Whatever it listened to: nothing of it is left here."""
        for hub in self._hubs.values():
            hub.leave(outbox)
