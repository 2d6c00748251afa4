"""Two matching engines from PyPI, fed with the core's flow through their own API.

Prices and sizes are handed over as whole numbers. Each peer's orders are made before the clock runs, where its API
takes orders and not arguments, as ours are.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

from lightmatchingengine.lightmatchingengine import LightMatchingEngine as LightEngine
from lightmatchingengine.lightmatchingengine import Side as LightSide
from loguru import logger
from order_matching.enums import Side
from order_matching.matching_engine import MatchingEngine
from order_matching.order import LimitOrder, MarketOrder
from order_matching.orders import Orders

from benchmarks.core_flow import Flow
from trading.matching.commands import Cancel, Place
from trading.matching.terms import BUY, MARKET

INSTRUMENT = "X"
logger.disable("order_matching")  # it would print several lines for each order
FIRST_MOMENT = datetime(2026, 1, 1)  # noqa: DTZ001 - the peer compares with a naive datetime.max


class LightMatchingEngine:
    """`lightmatchingengine`: dictionaries of lists. No event log, no undo, no accounts, no self-trade
    prevention, no time in force, no post-only; it finds a best price by walking over all prices.
    """

    def __init__(self, flow: Flow) -> None:
        self.engine = LightEngine()
        self.traded = 0
        for order in flow.standing:
            self._add(order)
        self._calls = [self._call(command) for command in flow.commands]

    def run(self) -> tuple[int, float]:
        add, cancel = self.engine.add_order, self.engine.cancel_order
        results = []
        begun = perf_counter()
        for is_cancel, arguments in self._calls:
            results.append(cancel(*arguments) if is_cancel else add(*arguments))
        seconds = perf_counter() - begun
        trades = [trade for result in results if isinstance(result, tuple) for trade in result[1]]
        self.traded = sum(trade.trade_qty for trade in trades) // 2  # each side has a trade of its own
        return len(self._calls), seconds

    def _call(self, command: Place | Cancel) -> tuple[bool, tuple[Any, ...]]:
        if isinstance(command, Cancel):
            return True, (command.order_id, INSTRUMENT)
        return False, self._arguments(command)

    def _add(self, order: Place) -> None:
        self.engine.add_order(*self._arguments(order))

    def _arguments(self, order: Place) -> tuple[Any, ...]:
        return (
            INSTRUMENT,
            order.price or 0,
            order.quantity,
            LightSide.BUY if order.side == BUY else LightSide.SELL,
        )


class OrderMatching:
    """`order-matching`: sorts its orders by time at each insertion and looks through all of them for an id. No
    event log, no undo, no accounts, no self-trade prevention, no immediate-or-cancel.
    """

    def __init__(self, flow: Flow) -> None:
        self.engine = MatchingEngine(seed=1)
        self.traded = 0
        self._moment = FIRST_MOMENT
        self._stand([self._order(order) for order in flow.standing])
        self._calls = [
            str(command.order_id) if isinstance(command, Cancel) else self._order(command)
            for command in flow.commands
        ]

    def run(self) -> tuple[int, float]:
        engine, results = self.engine, []
        begun = perf_counter()
        for call in self._calls:
            if isinstance(call, str):
                engine.cancel_order(call)
            else:
                engine.place(Orders([call]))
                results.append(engine.match(call.timestamp))
        seconds = perf_counter() - begun
        self.traded = int(sum(trade.size for trades in results for trade in trades.trades))
        return len(self._calls), seconds

    def _order(self, order: Place) -> Any:
        self._moment += timedelta(microseconds=1)
        terms: dict[str, Any] = {
            "side": Side.BUY if order.side == BUY else Side.SELL, "size": order.quantity, "timestamp": self._moment,
            "order_id": str(order.order_id), "trader_id": str(order.account_id),
        }  # fmt: skip
        return MarketOrder(**terms) if order.type == MARKET else LimitOrder(price=order.price, **terms)

    def _stand(self, orders: list[Any]) -> None:
        """Straight into its book: placing ten thousand orders through its API takes it half a minute."""
        book = self.engine.unprocessed_orders
        levels: dict[tuple[Any, Any], list[Any]] = defaultdict(list)
        for order in orders:
            levels[order.side, order.price].append(order)
        for (side, price), level in levels.items():
            (book.bids if side == Side.BUY else book.offers)[price] = Orders(level)
        book.orders_by_expiration[orders[0].expiration] = Orders(orders)
