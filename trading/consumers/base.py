"""What both sockets share: strict messages in, a bounded outbox out, and a limit on how much a client may say."""

import asyncio
import contextlib
import json
import time
from typing import Any

from common.errors import ErrorCode, Refused
from trading.consumers.counted import CountedConsumer
from trading.meters import OVERRUNS
from trading.streams.outbox import Outbox
from trading.streams.readers import LOST

CLOSE_RESTART = 1012
CLOSE_SLOW = 4008
CLOSE_TOO_MUCH = 4029
MOST_CHARACTERS = 4096
MOST_MESSAGES = 60  # in PER_SECONDS
PER_SECONDS = 10.0
SEND_SECONDS = 10.0

open_sockets: set["OutboxConsumer"] = set()  # of this process


class OutboxConsumer(CountedConsumer):
    """Answers and news go through one outbox, in order, sent by one task."""

    # No channel of the layer's for each socket: it could not be opened while Redis is away (streams/wake_ups.py).
    channel_layer_alias = "none"

    async def connect(self) -> None:
        self.outbox = Outbox()
        self._has_left = False
        self._allowance: float = MOST_MESSAGES
        self._heard_at = time.monotonic()
        await self.accept()
        open_sockets.add(self)
        self._sender = asyncio.create_task(self._send_all())

    async def disconnect(self, code: int) -> None:
        open_sockets.discard(self)
        if hasattr(self, "_sender"):
            self._sender.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self._has_left:
            return
        if not self._may_speak():
            await self.leave(CLOSE_TOO_MUCH)
            return
        try:
            await self.handle(_read(text_data))
        except Refused as refused:
            self.say({"type": "error", **refused.body()})
        except LOST:
            self.say({"type": "error", **Refused(ErrorCode.UNAVAILABLE).body()})

    async def handle(self, message: dict[str, Any]) -> None:
        """One message of the client. Refused becomes an error message."""
        raise Refused(ErrorCode.BAD_REQUEST)

    async def resynchronise(self) -> None:
        """After an overrun: put where everything stands into the outbox."""

    async def go_away(self) -> None:
        """This process stops: say so and close. What was missed follows from the snapshots of a new connection."""
        await self.leave(CLOSE_RESTART, {"type": "going_away"})

    async def leave(self, code: int, last_words: dict[str, Any] | None = None) -> None:
        """Close the connection; what still waits in the outbox is not sent."""
        if self._has_left:
            return
        self._has_left = True
        if asyncio.current_task() is not self._sender:
            self._sender.cancel()
        with contextlib.suppress(OSError):  # the client has gone
            if last_words is not None:
                await self.send(_text(last_words))
            await self.close(code)

    def say(self, message: dict[str, Any]) -> None:
        self.outbox.put(_text(message))

    async def _send_all(self) -> None:
        """A client that does not read holds up only itself, and only for so long."""
        while not self._has_left:
            text = await self.outbox.get()
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    await self.send(text if text is not None else '{"type":"overrun"}')
            except TimeoutError:
                await self.leave(CLOSE_SLOW)
            except OSError:  # the client has gone
                return
            if text is None:
                OVERRUNS.labels(self.stream).inc()
                await self._resynchronise_or_leave()

    async def _resynchronise_or_leave(self) -> None:
        self.outbox.restart()
        try:
            await self.resynchronise()
        except (Refused, *LOST):
            await self.leave(CLOSE_SLOW)

    def _may_speak(self) -> bool:
        now = time.monotonic()
        refill = (now - self._heard_at) * MOST_MESSAGES / PER_SECONDS
        self._allowance, self._heard_at = min(MOST_MESSAGES, self._allowance + refill), now
        self._allowance -= 1
        return self._allowance >= 0


def _text(message: dict[str, Any]) -> str:
    return json.dumps(message, separators=(",", ":"))


def _read(text: str | None) -> dict[str, Any]:
    """A JSON object. Raises Refused BAD_REQUEST for anything else."""
    if text is None or len(text) > MOST_CHARACTERS:
        raise Refused(ErrorCode.BAD_REQUEST, f"Send JSON as text, at most {MOST_CHARACTERS} characters.")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused(ErrorCode.BAD_REQUEST, "This is not JSON.") from None
    if not isinstance(message, dict):
        raise Refused(ErrorCode.BAD_REQUEST, "Send a JSON object.")
    return message
