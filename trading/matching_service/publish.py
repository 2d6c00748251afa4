"""After a commit, and never before: wake whoever follows the symbol or the accounts.

A wake-up says only how far the log has come. Who is woken reads the log itself, so a lost or doubled
wake-up loses nothing (docs/decisions/0005-streams-follow-the-log.md). Publishing never blocks and never
fails an order: one thread per process with its own event loop sends, and only the newest sequence of a
symbol waits there, however many commits came meanwhile.
"""

import asyncio
import logging
import os
import threading
from collections.abc import Iterable
from time import perf_counter
from typing import Any, NamedTuple

from channels.layers import get_channel_layer

from trading.meters import COMMIT_TO_PUBLISH_SECONDS, PUBLISH_FAILURES

logger = logging.getLogger(__name__)

Message = dict[str, Any]

PAUSE_AFTER_FAILURE_SECONDS = 1.0


def symbol_group(symbol: str) -> str:
    return f"symbol.{symbol}"


def account_group(account_id: int) -> str:
    return f"account.{account_id}"


# What carries the messages to all account groups: a commit may touch hundreds of accounts, and one message to
# all listening processes costs less than one per account.
ALL_ACCOUNTS = "accounts"


def carrier(group: str) -> str:
    """The channel layer's group that a group's messages travel in."""
    return ALL_ACCOUNTS if group.startswith("account.") else group


class _Commits(NamedTuple):
    """Of one symbol, that nobody was woken for yet. since: when the first of them was noted (perf_counter)."""

    sequence: int
    since: float


class _News(NamedTuple):
    """symbol, since: of the commits that it tells of, if it does."""

    group: str
    message: Message
    symbol: str = ""
    since: float = 0


class Publisher:
    """A thread that sends what was noted. Started anew in a forked child, where no thread survives."""

    def __init__(self) -> None:
        self._pid = 0
        self._mutex = threading.Lock()
        self._symbols: dict[str, _Commits] = {}
        self._accounts: set[int] = set()
        self._messages: list[tuple[str, Message]] = []
        self._loop = asyncio.new_event_loop()
        self._signal = asyncio.Event()

    def note(self, symbol: str, sequence: int, account_ids: Iterable[int]) -> None:
        with self._mutex:
            waiting = self._symbols.get(symbol)
            self._symbols[symbol] = _Commits(sequence, waiting.since if waiting else perf_counter())
            self._accounts.update(account_ids)
            self._signal_thread()

    def tell(self, group: str, message: Message) -> None:
        """Send one message to a group, soon; lost if Redis is away."""
        with self._mutex:
            self._messages.append((group, message))
            self._signal_thread()

    def _signal_thread(self) -> None:
        if self._pid != os.getpid():
            self._start()
        self._loop.call_soon_threadsafe(self._signal.set)

    def _start(self) -> None:
        self._pid = os.getpid()
        self._loop, self._signal = asyncio.new_event_loop(), asyncio.Event()
        threading.Thread(
            target=self._loop.run_until_complete, args=(self._run(),), name="publisher", daemon=True
        ).start()

    async def _run(self) -> None:
        while True:
            await self._signal.wait()
            self._signal.clear()
            try:
                await self._send(self._take())
            except Exception as error:  # Redis is away: followers look into the log by themselves
                PUBLISH_FAILURES.inc()
                logger.warning("wake-ups not sent: %s", error)
                await asyncio.sleep(PAUSE_AFTER_FAILURE_SECONDS)

    def _take(self) -> list[_News]:
        with self._mutex:
            messages, self._messages = self._messages, []
            symbols, self._symbols = self._symbols, {}
            accounts, self._accounts = self._accounts, set()
        told = [_News(carrier(group), {**message, "groups": [group]}) for group, message in messages]
        for symbol, commits in symbols.items():
            group = symbol_group(symbol)
            moved = {"type": "symbol.moved", "sequence": commits.sequence, "groups": [group]}
            told.append(_News(group, moved, symbol, commits.since))
        if accounts:
            groups = [account_group(account) for account in accounts]
            told.append(_News(ALL_ACCOUNTS, {"type": "account.moved", "groups": groups}))
        return told

    async def _send(self, told: list[_News]) -> None:
        layer = get_channel_layer()
        for news in told:
            await layer.group_send(news.group, news.message)
            if news.symbol:
                COMMIT_TO_PUBLISH_SECONDS.labels(news.symbol).observe(perf_counter() - news.since)


publisher = Publisher()
