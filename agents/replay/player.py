"""Plays a recording through the exchange, batch by batch, in the recorded order."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from agents.followed_book import FollowedBook
from agents.replay.leased_price import LeasedPrice
from agents.replay.level_plan import bring_to
from agents.replay.pace import Pace
from agents.replay.recorded_book import LevelKey, RecordedBook
from agents.replay.recording import Depth, Message, RecordedTrade, Ticker
from agents.replay.tally import Fill, Tally
from agents.replay.tape_plan import TakerOrder, TapePlan, is_same_taker, taker_orders
from agents.selectors import Member
from agents.steps import Steps
from agents.strategies.view import Wish
from common.errors import Refused
from market.models import Market
from trading.matching.events import OfOrder, Traded
from trading.matching.terms import BUY, OPPOSITE, SELL
from trading.matching_service.requests import Outcome, Request
from trading.services import AmendRequest, CancelRequest, PlacedOrder, PlaceRequest, submit

MOST_TRADES_IN_A_BATCH = 200

Step = Depth | list[RecordedTrade]


class Player:
    """The maker's levels follow the recorded book, the taker's orders the recorded trades."""

    def __init__(
        self,
        market: Market,
        maker: Member,
        taker: Member,
        pace: Pace,
        price: LeasedPrice,
        stopping: threading.Event,
    ) -> None:
        self.market = market
        self.steps = Steps(market)
        self.book = FollowedBook(market.symbol)
        self.recorded = RecordedBook()
        self.tally = Tally()
        self.maker_id, self.taker_id = maker.account_id, taker.account_id
        self._pace = pace
        self._price = price
        self._stopping = stopping
        self._unsettled: set[LevelKey] = set()  # levels to be set right by the next depth message
        self._tickers: list[Ticker] = []

    def play(self, messages: Iterable[Message], progress: Callable[[int], object]) -> None:
        """To the end, or until stopping. Raises what the database raises, and Refused UNAVAILABLE."""
        self._catch_up()
        for count, step in self._in_time(messages):
            if self._stopping.is_set():
                return
            if isinstance(step, Depth):
                self._follow_depth(step)
            else:
                self._follow_trades(step)
            progress(count)

    def least(self, price: int) -> int:
        return max(1, -(-self.steps.minimum_cost // price))

    # ---- when ----

    def _in_time(self, messages: Iterable[Message]) -> Iterator[tuple[int, Step]]:
        """Each depth message, and trades that follow on each other together, once they are due.

        With how many messages of the file they are.
        """
        trades: list[RecordedTrade] = []
        count = 0
        for message in messages:
            self.tally.messages[type(message).__name__] += 1
            if trades and not (isinstance(message, Ticker) or self._joins(trades, message)):
                yield count, trades
                trades, count = [], 0
            count += 1
            if isinstance(message, Ticker):
                self._tickers.append(message)
                continue
            if not trades:
                self._pace.wait_for(message.received_ns, self._price.renew)
            if isinstance(message, Depth):
                yield count, message
                count = 0
            else:
                trades.append(message)
        if trades:
            yield count, trades

    def _joins(self, trades: Sequence[RecordedTrade], message: Message) -> bool:
        """The parts of one taker's order stay together; others join when they are due already."""
        if not isinstance(message, RecordedTrade) or len(trades) >= MOST_TRADES_IN_A_BATCH:
            return False
        return is_same_taker(trades[-1], message) or self._pace.is_due(message.received_ns)

    # ---- depth ----

    def _follow_depth(self, message: Depth) -> None:
        """What goes first, then what comes, so that nothing of ours is in the way of ours."""
        levels = dict.fromkeys([*self.recorded.apply(message), *sorted(self._unsettled)])
        self._unsettled.clear()
        removals: list[Request] = []
        growth: dict[LevelKey, Request] = {}
        for level in levels:
            self._bring(level, removals, growth)
        outcomes = self._send([*removals, *growth.values()])
        for level, outcome in zip(growth, outcomes[len(removals) :], strict=True):
            if isinstance(outcome, Refused):
                self._unsettled.add(level)  # somebody's order is in the way: try again
        self._compare(message)
        if (middle := self.recorded.middle()) is not None:
            self._price.follow(middle)

    def _bring(self, level: LevelKey, removals: list[Request], growth: dict[LevelKey, Request]) -> None:
        side, price = level
        orders = self.book.orders_at(side, price, self.maker_id)
        plan = bring_to(orders, self.recorded.quantity(side, price), self.least(price))
        removals += [CancelRequest(self.maker_id, order_id) for order_id in plan.cancel]
        if plan.shrink is not None:
            removals.append(self._amend(*plan.shrink))
        if plan.grow is not None:
            growth[level] = self._amend(*plan.grow)
        if plan.add:
            growth[level] = PlaceRequest(self.maker_id, self.steps.post_only(Wish(side, price, plan.add)))
        if plan.lacking:
            self.tally.lacking_levels += 1

    def _amend(self, order_id: int, quantity: int) -> AmendRequest:
        return AmendRequest(self.maker_id, order_id, quantity=self.steps.quantity(quantity))

    def _compare(self, message: Depth) -> None:
        """Our best prices with those of the recorded levels, and of the ticker at the same update."""
        bid, ask = self.book.best(BUY), self.book.best(SELL)
        self.tally.with_depth.add(bid == self.recorded.best(BUY), ask == self.recorded.best(SELL))
        known = [ticker for ticker in self._tickers if ticker.update_id <= message.last_id]
        if known:
            self.tally.with_ticker.add(bid == known[-1].bid, ask == known[-1].ask)
        self._tickers = known[-1:] + [t for t in self._tickers if t.update_id > message.last_id]

    # ---- trades ----

    def _follow_trades(self, trades: Sequence[RecordedTrade]) -> None:
        plan = self._tape_plan()
        for order in taker_orders(trades, self.least):
            if not plan.add(order):
                self._carry_out(plan)
                plan = self._tape_plan()
                assert plan.add(order), "an empty plan takes any order"
        self._carry_out(plan)

    def _tape_plan(self) -> TapePlan:
        return TapePlan(self.book, self.steps, self.maker_id, self.taker_id, self.least)

    def _carry_out(self, plan: TapePlan) -> None:
        outcomes = self._send(plan.requests)
        for index, order in plan.orders.items():
            outcome = outcomes[index]
            fills = outcome.fills if isinstance(outcome, PlacedOrder) else []
            self.tally.took(order, fills, self._is_exact(order, fills))

    def _is_exact(self, order: TakerOrder, fills: Sequence[Fill]) -> bool:
        """Filled with the recorded quantity at each recorded price."""
        recorded: Counter[int] = Counter()
        filled: Counter[int] = Counter()
        for trade in order:
            recorded[trade.price] += trade.quantity
        for fill in fills:
            filled[self.steps.ticks(fill.price)] += self.steps.lots(fill.quantity)
        return recorded == filled

    # ---- the exchange ----

    def _send(self, requests: Sequence[Request]) -> list[Outcome]:
        outcomes = submit(self.market.symbol, requests)
        if requests:
            self.tally.sent(requests, outcomes)
        self._catch_up()
        return outcomes

    def _catch_up(self) -> None:
        """See what was committed. Whoever did it, a level of ours that has changed is to be looked at again."""
        news = self.book.advance()
        if news is None:
            own = {(order.side, order.limit) for order in self.book.orders_of(self.maker_id)}
            self._unsettled |= own | set(self.recorded.keys())
            return
        for logged in news:
            event = logged.event
            if isinstance(event, Traded):
                if event.maker_account_id == self.maker_id:
                    self._unsettled.add((OPPOSITE[event.taker_side], event.price))
            elif isinstance(event, OfOrder) and event.account_id == self.maker_id and event.price is not None:
                self._unsettled.add((event.side, event.price))
