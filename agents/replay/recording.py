"""Recordings of a venue's public streams, line by line; docs/replay-format.md describes them."""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from common.money import EXACT, NotANumber, parse_decimal

GZIP_MAGIC = b"\x1f\x8b"
MOST_BYTES_IN_A_LINE = 4 * 1024 * 1024
MOST_NANOSECONDS = 2**63

Level = tuple[int, int]  # ticks, lots


class BadRecording(Exception):
    """The file cannot be replayed; the text says why and in which line."""


@dataclass(frozen=True, slots=True)
class Depth:
    """The new absolute quantity of each level that changed; zero: the level is gone."""

    received_ns: int
    first_id: int
    last_id: int
    bids: list[Level]
    asks: list[Level]


@dataclass(frozen=True, slots=True)
class RecordedTrade:
    """`executed_ms`: the venue's time; the parts of one taker's order have the same."""

    received_ns: int
    executed_ms: int
    price: int
    quantity: int
    taker_side: str


@dataclass(frozen=True, slots=True)
class Ticker:
    """Best bid and ask as of an update of the book."""

    received_ns: int
    update_id: int
    bid: int
    ask: int


Message = Depth | RecordedTrade | Ticker


class Recording:
    """A file and the market it is for. `cut` counts quantities that were finer than the market's lot."""

    def __init__(self, path: Path, symbol: str, tick: Decimal, lot: Decimal) -> None:
        self.path = path
        self.symbol = symbol
        self.tick, self.lot = tick, lot
        self.cut = 0
        self._venue_symbol = symbol.replace("-", "")
        self._prices: dict[str, int] = {}
        self._line = 0
        self._readers: dict[str, Callable[[int, dict[str, Any]], Message]] = {
            "depth": self._depth,
            "trade": self._trade,
            "bookTicker": self._ticker,
        }

    def messages(self, limit_seconds: int | None = None) -> Iterator[Message]:
        """All messages in order, or those of the first seconds. Raises BadRecording, OSError."""
        self._line, self.cut = 0, 0
        last_ns: int | None = None
        for line in self._lines():
            self._line += 1
            if not line.strip():
                continue
            message = self._message(line)
            if last_ns is None and limit_seconds is not None:
                last_ns = message.received_ns + limit_seconds * 10**9
            if last_ns is not None and message.received_ns > last_ns:
                return
            yield message

    def _lines(self) -> Iterator[bytes]:
        try:
            with open_packed(self.path) as file:
                while line := file.readline(MOST_BYTES_IN_A_LINE):
                    yield line
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise BadRecording(f"after line {self._line}: the gzip file is damaged ({error})") from error

    def _message(self, line: bytes) -> Message:
        stamp, _, body = line.strip().partition(b" ")
        if not (stamp.isdigit() and len(stamp) < 20 and 0 < int(stamp) < MOST_NANOSECONDS):
            self._fail("does not begin with a receive time in nanoseconds")
        envelope = self._json(body)
        if not isinstance(envelope, dict) or not isinstance(envelope.get("data"), dict):
            self._fail('is not a combined-stream message {"stream": ..., "data": {...}}')
        stream, data = envelope.get("stream"), envelope["data"]
        kind = str(stream).partition("@")[2].partition("@")[0]
        reader = self._readers.get(kind)
        if reader is None:
            self._fail(f"has the unknown stream {stream!r}; known are {', '.join(self._readers)}")
        if data.get("s") != self._venue_symbol:
            self._fail(f"is for {data.get('s')!r} and not for {self._venue_symbol}")
        return reader(int(stamp), data)

    def _json(self, body: bytes) -> Any:
        try:
            return json.loads(body, parse_constant=lambda name: self._fail(f"contains {name}"))
        except (ValueError, RecursionError) as error:
            self._fail(f"is not JSON ({error})")

    def _depth(self, received_ns: int, data: dict[str, Any]) -> Depth:
        first, last = self._integer(data, "U"), self._integer(data, "u")
        return Depth(received_ns, first, last, self._levels(data, "b"), self._levels(data, "a"))

    def _trade(self, received_ns: int, data: dict[str, Any]) -> RecordedTrade:
        buyer_is_maker = data.get("m")
        if not isinstance(buyer_is_maker, bool):
            self._fail('has no "m" (buyer is maker) of true or false')
        price, quantity = self._price(data.get("p")), self._quantity(data.get("q"))
        side = "sell" if buyer_is_maker else "buy"
        return RecordedTrade(received_ns, self._integer(data, "T"), price, quantity, side)

    def _ticker(self, received_ns: int, data: dict[str, Any]) -> Ticker:
        bid, ask = self._price(data.get("b")), self._price(data.get("a"))
        return Ticker(received_ns, self._integer(data, "u"), bid, ask)

    def _levels(self, data: dict[str, Any], name: str) -> list[Level]:
        rows = data.get(name)
        if not isinstance(rows, list) or not all(isinstance(row, list) and len(row) == 2 for row in rows):
            self._fail(f'has no list "{name}" of [price, quantity]')
        return [(self._price(price), self._quantity(quantity)) for price, quantity in rows]

    def _price(self, text: Any) -> int:
        """In ticks. The same prices come again and again, so they are remembered."""
        known = self._prices.get(text) if isinstance(text, str) else None
        if known is not None:
            return known
        ticks, rest = EXACT.divmod(self._number(text), self.tick)
        if rest or not ticks:
            self._fail(f"has the price {text}, not a positive multiple of the tick {self.tick.normalize():f}")
        self._prices[text] = int(ticks)
        return int(ticks)

    def _quantity(self, text: Any) -> int:
        """In lots. Venues keep a few old orders finer than their lot: cut to whole lots, and counted."""
        lots, rest = EXACT.divmod(self._number(text), self.lot)
        self.cut += 1 if rest else 0
        return int(lots)

    def _number(self, text: Any) -> Decimal:
        try:
            return parse_decimal(text)
        except NotANumber as error:
            self._fail(f"has {text!r} for a price or quantity, which {error}")

    def _integer(self, data: dict[str, Any], name: str) -> int:
        number = data.get(name)
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < MOST_NANOSECONDS:
            self._fail(f'has no whole number "{name}"')
        return number

    def _fail(self, why: str) -> NoReturn:
        raise BadRecording(f"line {self._line} {why}")


def open_packed(path: Path) -> BinaryIO:
    """gzip or plain text, whatever the file is called."""
    with path.open("rb") as file:
        packed = file.read(2) == GZIP_MAGIC
    return gzip.open(path, "rb") if packed else path.open("rb")  # type: ignore[return-value]
