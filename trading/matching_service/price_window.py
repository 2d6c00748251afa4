"""The circuit breaker: trades that come too far apart within a while halt the market."""

from collections import deque
from collections.abc import Iterable, Sequence

from trading.matching.events import Event, StatusChanged, Traded, Uncrossed
from trading.matching.terms import MILLION
from trading.matching_service.market_row import Breaker


class Prints:
    """Lowest and highest trade price, in ticks, of some events: since the market's state last changed in them.

    The price of the call auction that opened the market counts as the first.
    """

    __slots__ = ("_auction", "began_anew", "high", "low")

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.low: int | None = None
        self.high: int | None = None
        self.began_anew = False
        self._auction: list[int] = []
        for event in events:
            self.record(event)

    def record(self, event: Event) -> None:
        if type(event) is Traded:
            self.low = event.price if self.low is None else min(self.low, event.price)
            self.high = event.price if self.high is None else max(self.high, event.price)
        elif type(event) is Uncrossed:
            self._auction.append(event.price)
        elif type(event) is StatusChanged:
            self.low, self.high = min(self._auction, default=None), max(self._auction, default=None)
            self._auction, self.began_anew = [], True


class PriceWindow:
    """The lowest and the highest trade price of the last `window_ms` milliseconds, in ticks.

    Of each kind only those moments are kept that can still become the extreme: a look costs the same however
    many trades there were.
    """

    def __init__(self, window_ms: int) -> None:
        self.window_ms = window_ms
        self._lows: deque[tuple[int, int]] = deque()  # (moment, price), prices rising
        self._highs: deque[tuple[int, int]] = deque()  # prices falling

    def take(self, now: int, prints: Prints) -> None:
        """What was traded at a moment, which is not before the last one."""
        if prints.began_anew:
            self._lows.clear()
            self._highs.clear()
        self._forget(now)
        if prints.low is not None and prints.high is not None:
            self.add(now, prints.low, prints.high)

    def add(self, now: int, low: int, high: int) -> None:
        while self._lows and self._lows[-1][1] >= low:
            self._lows.pop()
        while self._highs and self._highs[-1][1] <= high:
            self._highs.pop()
        self._lows.append((now, low))
        self._highs.append((now, high))

    def has_moved(self, move: int, now: int, newest: Prints) -> bool:
        """Whether prices within the window, the newest included, are more than `move` millionths apart."""
        if newest.low is None or newest.high is None:
            return False
        low, high = newest.low, newest.high
        if not newest.began_anew:
            self._forget(now)
            if self._lows:
                low, high = min(low, self._lows[0][1]), max(high, self._highs[0][1])
        return high * MILLION > low * (MILLION + move)

    def _forget(self, now: int) -> None:
        for moments in (self._lows, self._highs):
            while moments and moments[0][0] <= now - self.window_ms:
                moments.popleft()


class CircuitBreaker:
    """A market's breaker during one batch. events: the batch's, growing. Without a rule it never trips."""

    def __init__(
        self, rule: Breaker | None, window: PriceWindow | None, now: int, events: Sequence[tuple[Event, str]]
    ) -> None:
        self._rule, self._window, self._now, self._events = rule, window, now, events
        self._prints = Prints()
        self._seen = 0

    def has_tripped(self) -> bool:
        """Whether trades since the last look were too far from those before them."""
        if self._rule is None or self._window is None or self._seen == len(self._events):
            return False
        self._look()
        return self._window.has_moved(self._rule.move, self._now, self._prints)

    def keep(self) -> None:
        """After the commit."""
        if self._window is not None:
            self._look()
            self._window.take(self._now, self._prints)

    def _look(self) -> None:
        for event, _ in self._events[self._seen :]:
            self._prints.record(event)
        self._seen = len(self._events)
