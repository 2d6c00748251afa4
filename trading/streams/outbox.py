"""What waits to be sent to one socket: bounded, and never silently short."""

import asyncio
from collections import deque

MOST_WAITING = 512


class Outbox:
    """Messages as text, oldest first. One that does not keep up overruns: its messages are dropped, and it
    is told so before it gets anything new."""

    def __init__(self, most_waiting: int = MOST_WAITING) -> None:
        self._messages: deque[str] = deque()
        self._most_waiting = most_waiting
        self._has_something = asyncio.Event()
        self.overrun = False

    def put(self, text: str) -> None:
        if self.overrun:
            return
        if len(self._messages) >= self._most_waiting:
            self._messages.clear()
            self.overrun = True
        else:
            self._messages.append(text)
        self._has_something.set()

    async def get(self) -> str | None:
        """The next message; None after an overrun, which lasts until `restart`."""
        while not self._messages:
            if self.overrun:
                return None
            self._has_something.clear()
            await self._has_something.wait()
        return self._messages.popleft()

    def restart(self) -> None:
        """Take messages again; the next ones must say where everything stands."""
        self._messages.clear()
        self.overrun = False
