"""What trades cost and orders reserve: events in, changes of balances and ledger entries out. Pure.

Amounts are integers in units of 10^-precision of their asset. Each side pays its fee in the asset it
receives, rounded up; an order reserves exactly what it would pay at its own price.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from common.money import fee_units
from trading.matching.events import (
    Accepted,
    Activated,
    Amended,
    Cancelled,
    Event,
    Rearmed,
    Reduced,
    Traded,
    Triggered,
    Uncrossed,
)
from trading.matching.terms import BUY

Key = tuple[int, str]


class Terms(NamedTuple):
    """A market's numbers. base_per_lot: base units in a lot; quote_per_step: quote units in a tick x lot."""

    base: str
    quote: str
    base_per_lot: int
    quote_per_step: int
    maker_fee: int
    taker_fee: int
    fee_account_id: int


class Fill(NamedTuple):
    """A trade in units: `cost` in quote, each fee in the asset its payer receives."""

    event: Traded | Uncrossed
    cost: int
    taker_fee: int
    maker_fee: int


NO_MARGINS: Mapping[int, int] = {}  # spot requires none


class Settlement(NamedTuple):
    """`changes`: per (account, asset) what is added to [available, held]."""

    changes: dict[Key, list[int]]
    fills: list[Fill]
    margins: Mapping[int, int] = NO_MARGINS
    moves: Sequence[Any] = ()


def settle(terms: Terms, events: Iterable[Event]) -> Settlement:
    settlement = Settlement({}, [])
    for event in events:
        if type(event) is Traded:
            _trade(terms, settlement, event)
        elif type(event) is Accepted:
            _hold(terms, settlement, event.account_id, event.side, event.price, event.resting)
            if event.reserve:
                _reserve(terms, settlement, event, event.reserve * (event.quantity or 0))
        elif isinstance(event, Cancelled | Reduced):
            if event.resting:
                _hold(terms, settlement, event.account_id, event.side, event.price, -event.quantity)
            elif type(event) is Cancelled and event.reserve:
                _reserve(terms, settlement, event, -event.reserve * event.quantity)
        else:
            _settle_rarer(terms, settlement, event)
    _assert_nothing_made_or_lost(settlement)
    return settlement


def _settle_rarer(terms: Terms, settlement: Settlement, event: Event) -> None:
    if type(event) is Amended:
        _hold(terms, settlement, event.account_id, event.side, event.old_price, -event.old_open)
        _hold(terms, settlement, event.account_id, event.side, event.price, event.resting)
    elif type(event) is Triggered:
        _reserve(terms, settlement, event, -event.reserve * event.quantity)
        _hold(terms, settlement, event.account_id, event.side, event.price, event.resting)
    elif type(event) is Activated:
        _reserve(terms, settlement, event, event.reserve * event.quantity)
        _hold(terms, settlement, event.account_id, event.side, event.price, event.resting)
    elif type(event) is Rearmed:
        change = event.reserve * event.quantity - event.old_reserve * event.old_quantity
        _reserve(terms, settlement, event, change)
    elif type(event) is Uncrossed:
        _uncross(terms, settlement, event)


def entries(terms: Terms, fill: Fill) -> list[tuple[int, str, int]]:
    """The ledger entries of a trade, (account, asset, units); they sum to zero per asset."""
    trade = fill.event
    amount = trade.quantity * terms.base_per_lot
    if trade.taker_side == BUY:
        buyer, seller = trade.taker_account_id, trade.maker_account_id
        buyer_fee, seller_fee = fill.taker_fee, fill.maker_fee
    else:
        buyer, seller = trade.maker_account_id, trade.taker_account_id
        buyer_fee, seller_fee = fill.maker_fee, fill.taker_fee
    lines = [
        (buyer, terms.quote, -fill.cost),
        (buyer, terms.base, amount - buyer_fee),
        (seller, terms.base, -amount),
        (seller, terms.quote, fill.cost - seller_fee),
        (terms.fee_account_id, terms.base, buyer_fee),
        (terms.fee_account_id, terms.quote, seller_fee),
    ]
    return [line for line in lines if line[2]]


def _trade(terms: Terms, settlement: Settlement, trade: Traded) -> None:
    """The taker pays from what is available, the maker from what its order held."""
    cost = trade.price * trade.quantity * terms.quote_per_step
    amount = trade.quantity * terms.base_per_lot
    changes = settlement.changes
    if trade.taker_side == BUY:
        fill = Fill(trade, cost, fee_units(amount, terms.taker_fee), fee_units(cost, terms.maker_fee))
        _add(changes, (trade.taker_account_id, terms.quote), -cost, 0)
        _add(changes, (trade.taker_account_id, terms.base), amount - fill.taker_fee, 0)
        _add(changes, (trade.maker_account_id, terms.base), 0, -amount)
        _add(changes, (trade.maker_account_id, terms.quote), cost - fill.maker_fee, 0)
        base_fee, quote_fee = fill.taker_fee, fill.maker_fee
    else:
        fill = Fill(trade, cost, fee_units(cost, terms.taker_fee), fee_units(amount, terms.maker_fee))
        _add(changes, (trade.taker_account_id, terms.base), -amount, 0)
        _add(changes, (trade.taker_account_id, terms.quote), cost - fill.taker_fee, 0)
        _add(changes, (trade.maker_account_id, terms.quote), 0, -cost)
        _add(changes, (trade.maker_account_id, terms.base), amount - fill.maker_fee, 0)
        base_fee, quote_fee = fill.maker_fee, fill.taker_fee
    _add(changes, (terms.fee_account_id, terms.base), base_fee, 0)
    _add(changes, (terms.fee_account_id, terms.quote), quote_fee, 0)
    settlement.fills.append(fill)


def _uncross(terms: Terms, settlement: Settlement, trade: Uncrossed) -> None:
    """Both pay from what their orders held; the buyer, who held its own limit, gets back what the price is better."""
    cost = trade.price * trade.quantity * terms.quote_per_step
    amount = trade.quantity * terms.base_per_lot
    changes = settlement.changes
    if trade.taker_side == BUY:
        buyer, seller, limit = trade.taker_account_id, trade.maker_account_id, trade.taker_price
        fill = Fill(trade, cost, fee_units(amount, terms.taker_fee), fee_units(cost, terms.maker_fee))
        base_fee, quote_fee = fill.taker_fee, fill.maker_fee
    else:
        buyer, seller, limit = trade.maker_account_id, trade.taker_account_id, trade.maker_price
        fill = Fill(trade, cost, fee_units(cost, terms.taker_fee), fee_units(amount, terms.maker_fee))
        base_fee, quote_fee = fill.maker_fee, fill.taker_fee
    held = limit * trade.quantity * terms.quote_per_step
    _add(changes, (buyer, terms.quote), held - cost, -held)
    _add(changes, (buyer, terms.base), amount - base_fee, 0)
    _add(changes, (seller, terms.base), 0, -amount)
    _add(changes, (seller, terms.quote), cost - quote_fee, 0)
    _add(changes, (terms.fee_account_id, terms.base), base_fee, 0)
    _add(changes, (terms.fee_account_id, terms.quote), quote_fee, 0)
    settlement.fills.append(fill)


def _hold(
    terms: Terms, settlement: Settlement, account_id: int, side: str, price: int | None, lots: int
) -> None:
    """Move what `lots` of a resting order need from available to held (negative: back)."""
    if not lots:
        return
    assert price is not None
    if side == BUY:
        amount, asset = price * lots * terms.quote_per_step, terms.quote
    else:
        amount, asset = lots * terms.base_per_lot, terms.base
    _add(settlement.changes, (account_id, asset), -amount, amount)


def _reserve(
    terms: Terms,
    settlement: Settlement,
    event: Accepted | Cancelled | Triggered | Activated | Rearmed,
    steps: int,
) -> None:
    """The same for an order that waits for its trigger: ticks x lots of a buy, lots of a sell."""
    if not steps:
        return
    if event.side == BUY:
        amount, asset = steps * terms.quote_per_step, terms.quote
    else:
        amount, asset = steps * terms.base_per_lot, terms.base
    _add(settlement.changes, (event.account_id, asset), -amount, amount)


def _add(changes: dict[Key, list[int]], key: Key, available: int, held: int) -> None:
    change = changes.get(key)
    if change is None:
        changes[key] = [available, held]
    else:
        change[0] += available
        change[1] += held


def _assert_nothing_made_or_lost(settlement: Settlement) -> None:
    totals: dict[str, int] = {}
    for (_, asset), (available, held) in settlement.changes.items():
        totals[asset] = totals.get(asset, 0) + available + held
    assert not any(totals.values()), f"settlement does not sum to zero: {totals}"
