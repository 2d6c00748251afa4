"""Who listens to one market's ticker and candles in this process.

These are read from the database anew, and only for channels that somebody listens to. However fast the market:
at most once in PAUSE_SECONDS, and once more after the last change.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable

from trading.streams.market_summary import MOST_CHANGING, Row, look, message
from trading.streams.outbox import Outbox
from trading.streams.readers import LOST, summary_reader

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 0.25
RETRY_SECONDS = 1.0


class Summaries:
    def __init__(self, symbol: str, prepare: Callable[[], object]) -> None:
        """prepare: what a reader of candles does first (services.roll_up_if_behind)."""
        self.symbol = symbol
        self._prepare = prepare
        self._listeners: dict[str, set[Outbox]] = {}
        self._shown: dict[str, list[Row]] = {}  # the newest rows that all listeners of a channel got
        self._behind: set[str] = set()
        self._wake = asyncio.Event()
        self._turn = asyncio.Lock()  # a snapshot and the updates after it must not overlap
        self._task = asyncio.create_task(self._follow())

    async def listen(self, outbox: Outbox, channel: str, is_wanted: Callable[[str], bool]) -> None:
        """How it stands into the outbox, and from then on every update."""
        async with self._turn:
            rows = await self._look(channel, [])
            if not is_wanted(channel):
                return
            outbox.put(message(self.symbol, channel, "snapshot", rows[-1] if rows else None))
            listeners = self._listeners.setdefault(channel, set())
            if not listeners:
                self._shown[channel] = rows[-MOST_CHANGING:]
            listeners.add(outbox)
        self.touch([channel])  # for what was committed since the look

    def leave(self, outbox: Outbox, channels: Iterable[str]) -> None:
        for channel in channels:
            self._listeners.get(channel, set()).discard(outbox)

    def touch(self, channels: Iterable[str]) -> None:
        """Something happened that these channels show."""
        self._behind.update(channel for channel in channels if self._listeners.get(channel))
        if self._behind:
            self._wake.set()

    @property
    def is_idle(self) -> bool:
        return not any(self._listeners.values())

    async def _follow(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            behind, self._behind = self._behind, set()
            try:
                for channel in sorted(behind):
                    await self._update(channel)
                await asyncio.sleep(PAUSE_SECONDS)
            except Exception as error:  # not even a bug may leave what is shown stale for ever
                logger.warning(
                    "%s: no ticker or candles: %s", self.symbol, error, exc_info=not _is_lost(error)
                )
                await asyncio.sleep(RETRY_SECONDS)
                self.touch(behind)

    async def _update(self, channel: str) -> None:
        async with self._turn:
            if not self._listeners.get(channel):
                return
            shown = self._shown[channel]
            rows = await self._look(channel, shown)
            self._shown[channel] = rows[-MOST_CHANGING:]
            for row in rows:
                if row not in shown:
                    self._send(channel, message(self.symbol, channel, "update", row))

    def _send(self, channel: str, text: str) -> None:
        for outbox in self._listeners[channel]:
            outbox.put(text)

    async def _look(self, channel: str, shown: list[Row]) -> list[Row]:
        return await summary_reader.read(self._prepared_look, channel, shown)

    def _prepared_look(self, channel: str, shown: list[Row]) -> list[Row]:
        self._prepare()
        return look(self.symbol, channel, shown)


def _is_lost(error: Exception) -> bool:
    return isinstance(error, LOST)
