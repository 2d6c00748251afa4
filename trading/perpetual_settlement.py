"""What trades, funding and liquidations of a perpetual move: events in, positions and money out. Pure.

Money is whole units of the quote asset. A profit is paid by the contract's clearing account and a loss goes to it,
so its balance is always minus the sum of all positions' costs: what its longs and shorts will still get from
each other. Each side pays its fee in the quote asset, rounded up.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from common.money import fee_units
from risk.position import Position, initial_margin
from risk.requirement import NO_ORDERS, OpenOrders, requirement
from trading.matching.book import Book
from trading.matching.events import (
    Accepted,
    Activated,
    Amended,
    Cancelled,
    Deleveraged,
    Event,
    FundingMoved,
    Reduced,
    RiskNoted,
    Traded,
    Triggered,
    Uncrossed,
)
from trading.matching.reducing import is_reducing
from trading.matching.terms import BUY

Key = tuple[int, str]
Entry = tuple[int, str, int]

# What a RiskNoted can tell.
LEVERAGE = "leverage"  # leverage, mode
MARGIN = "margin"  # amount: added to an isolated margin, negative: taken from it
FUNDING = "funding"  # what is due is paid now
OWED = "owed"  # funding is due that cannot be paid now: only where the account is looked at is counted anew
INSURANCE = "insurance"  # amount: from the account to the insurance fund, negative: paid by it
LIQUIDATION = "liquidation"  # a step of it, for the record

FUNDING_PAID, INSURED, DELEVERAGED = "funding", "liquidation", "deleveraging"  # kinds of ledger transactions


class PerpetualTerms(NamedTuple):
    """A contract's numbers; fees in millionths. The accounts are the exchange's own for this contract."""

    quote: str
    quote_per_step: int
    maker_fee: int
    taker_fee: int
    fee_account_id: int
    clearing_account_id: int
    funding_account_id: int
    insurance_account_id: int


class PerpetualFill(NamedTuple):
    """A trade in units: its notional, each side's fee, and what each realised by it."""

    event: Traded | Uncrossed
    cost: int
    taker_fee: int
    maker_fee: int
    taker_profit: int
    maker_profit: int


class Move(NamedTuple):
    """A ledger transaction that is not a trade's."""

    kind: str
    entries: list[Entry]


class PerpetualSettlement:
    """changes: per (account, asset) what is added to what is free and to what is held firmly; margins: per account
    what is added to the required margin. positions and orders: of the accounts that were touched, as they are after."""

    __slots__ = ("changes", "fills", "funding_index", "margins", "moves", "orders", "positions")

    def __init__(self, funding_index: int) -> None:
        self.changes: dict[Key, list[int]] = {}
        self.margins: dict[int, int] = {}
        self.fills: list[PerpetualFill] = []
        self.moves: list[Move] = []
        self.positions: dict[int, Position] = {}
        self.orders: dict[int, OpenOrders] = {}
        self.funding_index = funding_index


class Standing(NamedTuple):
    """How everybody stands before the events. opened: a position for an account that has none yet."""

    positions: Mapping[int, Position]
    orders: Mapping[int, OpenOrders]
    opened: Callable[[int], Position]
    funding_index: int


def settle_perpetual(
    terms: PerpetualTerms, events: Iterable[Event], book: Book, standing: Standing
) -> PerpetualSettlement:
    settling = _Settling(terms, book, standing)
    for event in events:
        settling.take(event)
    return settling.finish()


def entries(terms: PerpetualTerms, fill: PerpetualFill) -> list[Entry]:
    """The ledger entries of a trade; they sum to zero."""
    trade, quote = fill.event, terms.quote
    lines = [
        (trade.taker_account_id, quote, fill.taker_profit),
        (trade.maker_account_id, quote, fill.maker_profit),
        (terms.clearing_account_id, quote, -fill.taker_profit - fill.maker_profit),
        (trade.taker_account_id, quote, -fill.taker_fee),
        (trade.maker_account_id, quote, -fill.maker_fee),
        (terms.fee_account_id, quote, fill.taker_fee + fill.maker_fee),
    ]
    return [line for line in lines if line[2]]


class _Settling:
    def __init__(self, terms: PerpetualTerms, book: Book, standing: Standing) -> None:
        self._terms = terms
        self._book = book
        self._standing = standing
        self._done = PerpetualSettlement(standing.funding_index)
        self._cash: dict[int, int] = defaultdict(int)
        self._bound: dict[int, int] = defaultdict(int)  # change of isolated margins
        self._reducing: set[int] = set()  # reduce-only orders of these very events

    def take(self, event: Event) -> None:
        if type(event) is Traded:
            self._ordered(event.maker_order_id, event.maker_account_id, event.taker_side != BUY, event.price,
                          -event.quantity)  # fmt: skip
            self._trade(event)
        elif type(event) is Accepted:
            self._accept(event)
        elif type(event) is Cancelled or type(event) is Reduced:
            if event.resting:
                self._ordered(
                    event.order_id, event.account_id, event.side == BUY, event.price, -event.quantity
                )
        elif isinstance(event, Triggered | Activated):
            self._ordered(event.order_id, event.account_id, event.side == BUY, event.price, event.resting)
        elif type(event) is Amended:
            buys = event.side == BUY
            self._ordered(event.order_id, event.account_id, buys, event.old_price, -event.old_open)
            self._ordered(event.order_id, event.account_id, buys, event.price, event.resting)
        else:
            self._take_rarer(event)

    def _take_rarer(self, event: Event) -> None:
        if type(event) is Uncrossed:
            buys, lots = event.taker_side == BUY, -event.quantity
            self._ordered(event.taker_order_id, event.taker_account_id, buys, event.taker_price, lots)
            self._ordered(event.maker_order_id, event.maker_account_id, not buys, event.maker_price, lots)
            self._trade(event)
        elif type(event) is Deleveraged:
            self._deleverage(event)
        elif type(event) is FundingMoved:
            self._done.funding_index = event.funding_index
        elif type(event) is RiskNoted:
            self._note(event)

    def finish(self) -> PerpetualSettlement:
        done, quote = self._done, self._terms.quote
        for account_id, position in done.positions.items():
            orders = done.orders.get(account_id)
            if orders is None:
                orders = self._standing.orders.get(account_id, NO_ORDERS)
            needed = requirement(position, orders, self._terms.taker_fee)
            more = needed.margin - position.requirement
            position.requirement, position.exposure = needed
            done.margins[account_id] = more
            bound = self._bound[account_id]
            done.changes[account_id, quote] = [self._cash[account_id] - bound - more, bound]
        for account_id, cash in self._cash.items():
            done.changes.setdefault((account_id, quote), [cash, 0])
        assert sum(self._cash.values()) == 0, "settlement makes or loses money"
        return done

    # ---- who stands how ----

    def _position(self, account_id: int) -> Position:
        position = self._done.positions.get(account_id)
        if position is None:
            known = self._standing.positions.get(account_id)
            position = self._standing.opened(account_id) if known is None else known.copy()
            self._done.positions[account_id] = position
        return position

    def _settled_position(self, account_id: int) -> Position:
        """The position with its funding paid: before its size or its margin changes."""
        position = self._position(account_id)
        if position.funding_index != self._done.funding_index:
            paid = position.settle_funding(self._done.funding_index)
            if paid:
                self._move(FUNDING_PAID, account_id, self._terms.funding_account_id, paid)
                if position.is_isolated:  # what it costs to hold is its own margin's, as what it earns
                    own = min(paid, position.isolated_margin)
                    position.isolated_margin -= own
                    self._bound[account_id] += -own
        return position

    # ---- orders ----

    def _accept(self, event: Accepted) -> None:
        if is_reducing(event.conditions):
            self._reducing.add(event.order_id)
        if event.resting:
            self._ordered(event.order_id, event.account_id, event.side == BUY, event.price, event.resting)
        else:
            self._position(event.account_id)

    def _ordered(self, order_id: int, account_id: int, buys: bool, price: int | None, lots: int) -> None:
        """So many lots more lie in the book; of what may only reduce, nothing is required."""
        self._position(account_id)
        order = self._book.orders.get(order_id)
        if not lots or order_id in self._reducing or (order is not None and is_reducing(order.conditions)):
            return
        assert price is not None
        sums = self._done.orders.get(account_id)
        if sums is None:
            sums = self._done.orders[account_id] = self._standing.orders.get(account_id, NO_ORDERS).copy()
        notional = price * lots * self._terms.quote_per_step
        if buys:
            sums.buy_lots += lots
            sums.buy_notional += notional
        else:
            sums.sell_lots += lots
            sums.sell_notional += notional

    # ---- money ----

    def _pay(self, account_id: int, to: int, amount: int) -> None:
        self._cash[account_id] -= amount
        self._cash[to] += amount

    def _move(self, kind: str, account_id: int, to: int, amount: int) -> None:
        self._pay(account_id, to, amount)
        quote = self._terms.quote
        self._done.moves.append(Move(kind, [(account_id, quote, -amount), (to, quote, amount)]))

    def _trade(self, trade: Traded | Uncrossed) -> None:
        terms = self._terms
        lots = trade.quantity if trade.taker_side == BUY else -trade.quantity
        per_lot = trade.price * terms.quote_per_step
        cost = per_lot * trade.quantity
        taker_fee, maker_fee = fee_units(cost, terms.taker_fee), fee_units(cost, terms.maker_fee)
        taker_profit = self._fill(trade.taker_account_id, lots, per_lot, taker_fee)
        maker_profit = self._fill(trade.maker_account_id, -lots, per_lot, maker_fee)
        self._done.fills.append(PerpetualFill(trade, cost, taker_fee, maker_fee, taker_profit, maker_profit))

    def _fill(self, account_id: int, lots: int, per_lot: int, fee: int) -> int:
        position = self._settled_position(account_id)
        realised, bound = position.fill(lots, per_lot, self._terms.taker_fee)
        position.fees += fee
        self._bound[account_id] += bound
        self._pay(account_id, self._terms.fee_account_id, fee)
        self._pay(self._terms.clearing_account_id, account_id, realised)
        return realised

    def _deleverage(self, event: Deleveraged) -> None:
        lots = event.quantity if event.side == BUY else -event.quantity
        per_lot = event.price * self._terms.quote_per_step
        for account_id, size in ((event.account_id, lots), (event.counter_account_id, -lots)):
            position = self._settled_position(account_id)
            realised, bound = position.fill(size, per_lot, self._terms.taker_fee)
            self._bound[account_id] += bound
            if realised:
                self._move(DELEVERAGED, self._terms.clearing_account_id, account_id, realised)

    def _note(self, event: RiskNoted) -> None:
        account_id, details = event.account_id, event.details
        if event.what == OWED:
            self._position(account_id)
            return
        position = self._settled_position(account_id)
        if event.what == LEVERAGE:
            position.leverage, position.is_isolated = details["leverage"], details["mode"] == "isolated"
            if position.is_isolated:
                own = initial_margin(position.notional, position.leverage)
                own += fee_units(position.notional, self._terms.taker_fee)
                self._bound[account_id] += own - position.isolated_margin
                position.isolated_margin = own
        elif event.what == MARGIN:
            position.isolated_margin += details["amount"]
            self._bound[account_id] += details["amount"]
        elif event.what == INSURANCE:
            self._move(INSURED, account_id, self._terms.insurance_account_id, details["amount"])
