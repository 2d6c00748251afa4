"""What this process hears through the channel layer: that there is something new to read.

One channel for all groups that somebody listens to, and not one per socket: sockets open and work while Redis
is away, and when it is back one task puts everything right.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

from channels.layers import get_channel_layer

from trading.matching_service.publish import carrier

logger = logging.getLogger(__name__)

RETRY_SECONDS = 1.0

Hear = Callable[[dict[str, Any]], None]


class WakeUps:
    """Listeners must not rely on being called: while Redis is away nobody is."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[Hear]] = {}
        self._wanted = asyncio.Event()  # a group that the channel layer does not know yet
        self._task: asyncio.Task[None] | None = None

    def listen(self, group: str, hear: Hear) -> None:
        """From now on `hear` is called with each message to the group."""
        self._listeners.setdefault(group, set()).add(hear)
        self._wanted.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def leave(self, group: str, hear: Hear) -> None:
        listeners = self._listeners.get(group, set())
        listeners.discard(hear)
        if not listeners:
            self._listeners.pop(group, None)
        self._wanted.set()

    async def _run(self) -> None:
        while True:
            try:
                await self._hear_all()
            except Exception as error:
                logger.warning("no wake-ups: %s", error)
                await asyncio.sleep(RETRY_SECONDS)

    async def _hear_all(self) -> None:
        """Until the channel layer fails."""
        layer = get_channel_layer()
        channel = await layer.new_channel()
        receiving = asyncio.create_task(self._receive(layer, channel))
        joined: set[str] = set()
        try:
            while not receiving.done():
                self._wanted.clear()
                await self._join(layer, channel, joined)
                waiting = asyncio.create_task(self._wanted.wait())
                await asyncio.wait({waiting, receiving}, return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
            receiving.result()
        finally:
            receiving.cancel()
            for group in joined:  # nothing must be left there of a channel that nobody reads
                with contextlib.suppress(Exception):
                    await layer.group_discard(group, channel)

    async def _join(self, layer: Any, channel: str, joined: set[str]) -> None:
        """Make the groups of the channel those that have listeners."""
        wanted = {carrier(group) for group in self._listeners}
        for group in wanted - joined:
            await layer.group_add(group, channel)
            joined.add(group)
            self._tell_of_joining(group)
        for group in joined - wanted:
            joined.discard(group)
            await layer.group_discard(group, channel)

    def _tell_of_joining(self, joined: str) -> None:
        """What was sent before nobody has heard: each listener looks once for itself."""
        for group, listeners in list(self._listeners.items()):
            if carrier(group) == joined:
                for hear in list(listeners):
                    hear({"type": "joined", "groups": [group]})

    async def _receive(self, layer: Any, channel: str) -> None:
        while True:
            message = await layer.receive(channel)
            for group in message.get("groups", ()):
                for hear in list(self._listeners.get(group, ())):
                    hear(message)


wake_ups = WakeUps()
