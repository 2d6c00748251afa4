"""/ws/marketdata: live books, trades, tickers and candles, for anybody (docs/streams.md)."""

from typing import Any

from common.errors import ErrorCode, Refused
from trading.consumers.base import OutboxConsumer
from trading.services.roll_up_candles import roll_up_if_behind
from trading.streams.hub import CHANNELS, Hubs
from trading.streams.readers import LOST

MOST_SYMBOLS = 50

hubs = Hubs(roll_up_if_behind)


class MarketDataConsumer(OutboxConsumer):
    """Actions: subscribe, unsubscribe (channels, symbol), resync (symbol), pong."""

    stream = "marketdata"

    async def connect(self) -> None:
        self.subscriptions: dict[str, list[str]] = {}
        await super().connect()

    async def disconnect(self, code: int) -> None:
        await super().disconnect(code)
        self.subscriptions.clear()  # so that a snapshot that is being read is not wanted any more
        hubs.leave_all(self.outbox)

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
        hubs.leave_all(self.outbox)
        await self._resync(None)

    async def _subscribe(self, symbol: str, channels: list[str]) -> None:
        own = self.subscriptions.get(symbol, [])
        if not own and len(self.subscriptions) >= MOST_SYMBOLS:
            raise Refused(ErrorCode.BAD_REQUEST, f"At most {MOST_SYMBOLS} symbols on one connection.")
        new = [channel for channel in channels if channel not in own]
        await hubs.hub(symbol)  # refuses an unknown one before anything is said
        self.say({"type": "subscribed", "channels": channels, "symbol": symbol})
        self.subscriptions[symbol] = own + new
        try:
            await self._listen(symbol, new)
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
                await self._listen(each, channels)

    async def _listen(self, symbol: str, channels: list[str]) -> None:
        hub = await hubs.hub(symbol)
        await hub.listen(self.outbox, channels, lambda channel: channel in self.subscriptions.get(symbol, ()))


def _symbol(message: dict[str, Any]) -> str:
    symbol = message.get("symbol")
    if not isinstance(symbol, str):
        raise Refused(ErrorCode.UNKNOWN_SYMBOL)
    return symbol


def _channels(message: dict[str, Any]) -> list[str]:
    """Raises Refused BAD_REQUEST unless it is a list of known channels."""
    channels = message.get("channels")
    if not isinstance(channels, list) or not channels:
        raise Refused(ErrorCode.BAD_REQUEST, f"channels must be a list of {', '.join(CHANNELS)}.")
    for channel in channels:
        if channel not in CHANNELS:
            name = repr(channel[:40]) if isinstance(channel, str) else "that"
            raise Refused(
                ErrorCode.BAD_REQUEST, f"No channel is called {name}; there are {', '.join(CHANNELS)}."
            )
    return list(dict.fromkeys(channels))
