"""/ws/marketdata: live books and trades, for anybody."""

from typing import Any

from common.errors import ErrorCode, Refused
from trading.consumers.base import OutboxConsumer
from trading.streams.hub import LOST, hubs
from trading.streams.market_stream import CHANNELS

MOST_SYMBOLS = 50


class MarketDataConsumer(OutboxConsumer):
    """Actions: subscribe, unsubscribe (channels, symbol), resync (symbol), pong."""

    async def connect(self) -> None:
        self.subscriptions: dict[str, list[str]] = {}
        await super().connect()

    async def disconnect(self, code: int) -> None:
        await super().disconnect(code)
        for symbol, channels in self.subscriptions.items():
            hubs.leave(symbol, self.outbox, channels)

    async def handle(self, message: dict[str, Any]) -> None:
        action = message.get("action")
        if action == "subscribe":
            await self._subscribe(_symbol(message), _channels(message))
        elif action == "unsubscribe":
            self._unsubscribe(_symbol(message), _channels(message))
        elif action == "resync":
            await self._resync(_symbol(message) if "symbol" in message else None)
        elif action != "pong":
            raise Refused(ErrorCode.BAD_REQUEST, "action must be subscribe, unsubscribe, resync or pong.")

    async def resynchronise(self) -> None:
        # Out of all hubs first: no update may come before the snapshot that it follows on.
        for symbol, channels in self.subscriptions.items():
            hubs.leave(symbol, self.outbox, channels)
        await self._resync(None)

    async def _subscribe(self, symbol: str, channels: list[str]) -> None:
        own = self.subscriptions.get(symbol, [])
        if not own and len(self.subscriptions) >= MOST_SYMBOLS:
            raise Refused(ErrorCode.BAD_REQUEST, f"At most {MOST_SYMBOLS} symbols on one connection.")
        new = [channel for channel in channels if channel not in own]
        hub = await hubs.hub(symbol)
        self.say({"type": "subscribed", "channels": channels, "symbol": symbol})
        self.subscriptions[symbol] = own + new
        try:
            await hub.listen(self.outbox, new)
        except LOST:
            self._unsubscribe(symbol, new)
            raise

    def _unsubscribe(self, symbol: str, channels: list[str]) -> None:
        hubs.leave(symbol, self.outbox, channels)
        left = [channel for channel in self.subscriptions.pop(symbol, []) if channel not in channels]
        if left:
            self.subscriptions[symbol] = left
        self.say({"type": "unsubscribed", "channels": channels, "symbol": symbol})

    async def _resync(self, symbol: str | None) -> None:
        """New snapshots of what is subscribed; the updates after them follow on."""
        if symbol is not None and symbol not in self.subscriptions:
            raise Refused(ErrorCode.BAD_REQUEST, "You have not subscribed to this symbol.")
        for each, channels in list(self.subscriptions.items()):
            if symbol in (None, each):
                hub = await hubs.hub(each)
                await hub.listen(self.outbox, channels)


def _symbol(message: dict[str, Any]) -> str:
    symbol = message.get("symbol")
    if not isinstance(symbol, str):
        raise Refused(ErrorCode.UNKNOWN_SYMBOL)
    return symbol


def _channels(message: dict[str, Any]) -> list[str]:
    """Raises Refused BAD_REQUEST unless it is a list of known channels."""
    channels = message.get("channels")
    if not isinstance(channels, list) or not channels or any(channel not in CHANNELS for channel in channels):
        raise Refused(ErrorCode.BAD_REQUEST, f"channels must be a list of {', '.join(CHANNELS)}.")
    return list(dict.fromkeys(channels))
