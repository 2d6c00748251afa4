"""A socket whose connections and messages are counted."""

from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer

from trading import meters

STREAMS = ("marketdata", "user")


class CountedConsumer(AsyncWebsocketConsumer):
    """stream: one of STREAMS."""

    stream: str
    _is_open = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:  # however it ended
            if self._is_open:
                meters.CONNECTIONS.labels(self.stream).dec()

    async def accept(self, *arguments: Any, **named: Any) -> None:
        await super().accept(*arguments, **named)
        self._is_open = True
        self._sent = meters.SENT.labels(self.stream)
        meters.CONNECTS.labels(self.stream).inc()
        meters.CONNECTIONS.labels(self.stream).inc()

    async def websocket_receive(self, message: Any) -> None:
        meters.RECEIVED.labels(self.stream).inc()
        await super().websocket_receive(message)

    async def send(self, *arguments: Any, **named: Any) -> None:
        await super().send(*arguments, **named)
        self._sent.inc()

    async def close(self, code: Any = None, reason: Any = None) -> None:
        """The codes are those of our own source, and so bounded."""
        if code is not None:
            meters.CLOSES.labels(self.stream, str(code)).inc()
        await super().close(code, reason)


def forget_connections() -> None:
    """A process begins with none, whatever an earlier one of the same number has left behind; and what it has not
    counted yet is shown as 0."""
    for stream in STREAMS:
        meters.CONNECTIONS.labels(stream).set(0)
        for counter in (meters.CONNECTS, meters.RECEIVED, meters.SENT, meters.OVERRUNS):
            counter.labels(stream)
