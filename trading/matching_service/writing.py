"""Step seven: a batch as rows, all in one round trip to the database."""

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from accounts.services import ledger
from common.clock import from_ms
from common.money import EXACT
from common.pipelined import Pipeline
from trading.matching.events import Accepted, PriceMoved, StatusChanged, Traded, Uncrossed
from trading.matching.terms import INDEX, MARK
from trading.matching_service import condition_rows, log, statements
from trading.matching_service.changes import OrderChange
from trading.matching_service.liquidation_rows import Scales
from trading.matching_service.requests import FillRow
from trading.perpetual_settlement import PerpetualFill
from trading.settlement import Fill

Settled = Fill | PerpetualFill

if TYPE_CHECKING:
    from trading.matching_service.batch import Batch

EVENTS_WORTH_A_PUSH = 20


def write(batch: "Batch", pipeline: Pipeline) -> None:
    """Events, orders, trades, postings, balances, the symbol's sequence forward, and the commit.

    With many rows the server works on what it has while the next are made here.
    """
    push = pipeline.push if len(batch.events) > EVENTS_WORTH_A_PUSH else _not_yet
    now, market_id = batch.now, batch.market_id
    statements.add_events(pipeline, market_id, now, list(_event_rows(batch)))
    push()
    new, changed = _order_rows(batch)
    if new:
        statements.add_orders(pipeline, market_id, now, new)
    if changed:
        statements.change_orders(pipeline, now, changed)
    _write_conditions(batch, pipeline)
    push()
    batch.fills = list(_numbered_fills(batch))
    if batch.fills:
        statements.add_trades(pipeline, market_id, now, [_trade_row(fill) for fill in batch.fills])
        _write_postings(batch, pipeline)
        push()
    _write_moves(batch, pipeline)
    batch.money.write(pipeline, batch.now, batch.locked)
    money = partial(batch.funds.text, asset=batch.market.terms.quote)
    scales = Scales(batch.market.ticks.text, batch.market.lots.text, money)
    batch.liquidations.write(pipeline, batch.market_id, batch.now, scales)
    if batch.locked:
        ledger.set_balance_rows(pipeline, batch.locked.rows())
    _move_forward(batch, pipeline)
    _write_state(batch, pipeline)
    statements.commit(pipeline)
    pipeline.push()


def _not_yet() -> None:
    """A few rows go out together with the commit."""


def _move_forward(batch: "Batch", pipeline: Pipeline) -> None:
    book = batch.book
    last_price = batch.fills[-1].price if batch.fills else None
    next_expiry_at = from_ms(book.expiring[0][0]) if book.expiring else None
    watches_prices = book.triggers.watches(MARK) or book.triggers.watches(INDEX)
    statements.move_forward(
        pipeline, batch.market_id, book.sequence, batch.now, last_price, next_expiry_at, watches_prices
    )


def _write_conditions(batch: "Batch", pipeline: Pipeline) -> None:
    if batch.changes.with_conditions:
        statements.add_conditions(pipeline, condition_rows.new_rows(batch))
    changed = list(condition_rows.changed_rows(batch))
    if changed:
        statements.change_conditions(pipeline, changed)


def _write_state(batch: "Batch", pipeline: Pipeline) -> None:
    """The market's state and the prices from outside, if an event of this batch moved them."""
    rarer = [event for event, _ in batch.events if isinstance(event, StatusChanged | PriceMoved)]
    if not rarer:
        return
    book = batch.book
    changed_state = any(type(event) is StatusChanged for event in rarer)
    prices = [batch.price(book.prices.get(source)) for source in (MARK, INDEX)]
    statements.set_state(pipeline, batch.market_id, prices, batch.now if changed_state else None)
    if changed_state:
        ends_at = None if book.auction_ends_at is None else from_ms(book.auction_ends_at)
        statements.set_status(pipeline, batch.market_id, book.status, ends_at)


def _event_rows(batch: "Batch") -> Iterator[tuple[Any, ...]]:
    trade_ids = iter(batch.trade_ids)
    for sequence, (event, client_order_id) in enumerate(batch.events, start=batch.sequence + 1):
        trade_id = next(trade_ids)[0] if isinstance(event, Traded | Uncrossed) else None
        quote_quantity = batch.quote_quantities.get(event.order_id) if type(event) is Accepted else None
        yield (sequence, trade_id, *log.to_row(event, client_order_id, quote_quantity))


def _numbered_fills(batch: "Batch") -> Iterator[FillRow]:
    """Every trade of the batch with its ids and its place in the log."""
    sequences = (
        n
        for n, (event, _) in enumerate(batch.events, batch.sequence + 1)
        if isinstance(event, Traded | Uncrossed)
    )
    fills = (fill for carried in batch.carried for fill in carried.fills)
    for fill, sequence, (trade_id, transaction_id) in zip(fills, sequences, batch.trade_ids, strict=True):
        yield _fill_row(batch, fill, sequence, trade_id, transaction_id)


def _fill_row(batch: "Batch", fill: Settled, sequence: int, trade_id: int, transaction_id: int) -> FillRow:
    trade, rules, terms = fill.event, batch.market.rules, batch.market.terms
    taker_gets, maker_gets = batch.money.fee_assets(trade)
    amount = batch.funds.amount
    return FillRow(
        trade_id, batch.symbol, sequence, _ticks(batch, trade.price), EXACT.multiply(rules.lot, trade.quantity),
        amount(fill.cost, terms.quote), trade.taker_side, trade.taker_order_id, trade.maker_order_id,
        trade.taker_account_id, trade.maker_account_id, amount(fill.taker_fee, taker_gets),
        amount(fill.maker_fee, maker_gets), transaction_id, batch.now, (taker_gets, maker_gets),
    )  # fmt: skip


def _trade_row(fill: FillRow) -> tuple[Any, ...]:
    """In the order of statements.add_trades: without symbol and time."""
    return (fill.id, *fill[2:14])


def _write_postings(batch: "Batch", pipeline: Pipeline) -> None:
    entries = []
    settled: Iterator[Any] = (fill for carried in batch.carried for fill in carried.fills)
    amount = batch.funds.text
    for row, fill in zip(batch.fills, settled, strict=True):
        for account_id, asset, units in batch.money.entries(fill):
            entries.append((row.ledger_transaction_id, account_id, asset, amount(units, asset)))
    transactions = [(row.ledger_transaction_id, row.id) for row in batch.fills]
    ledger.add_trade_postings(pipeline, transactions, entries, batch.now)


def _write_moves(batch: "Batch", pipeline: Pipeline) -> None:
    """What moved money beside trades, and what the insurance fund paid for somebody."""
    moves = [move for carried in batch.carried for move in carried.settled.moves] + batch.covers
    if not moves:
        return
    amount = batch.funds.text
    transactions = [
        (number, move.kind, batch.symbol, "") for number, move in zip(batch.move_ids, moves, strict=True)
    ]
    entries = [
        (number, account_id, asset, amount(units, asset))
        for number, move in zip(batch.move_ids, moves, strict=True)
        for account_id, asset, units in move.entries
    ]
    ledger.add_transactions(pipeline, transactions, entries, batch.now)


def _order_rows(batch: "Batch") -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Rows of new orders, and rows of changes to older ones."""
    new, changed = [], []
    for order_id, change in batch.changes.orders.items():
        if change.place is not None:
            new.append(_new_row(batch, change))
        else:
            changed.append(_changed_row(batch, order_id, change))
    return new, changed


def _new_row(batch: "Batch", change: OrderChange) -> tuple[Any, ...]:
    """In the order of statements.add_orders: without market and time. Amounts as text."""
    place, market = change.place, batch.market
    assert place is not None
    lots = market.lots.text
    return (
        place.order_id, place.account_id, change.client_order_id, place.side, place.type, place.time_in_force,
        place.post_only, place.self_trade_prevention, market.ticks.text(change.price), lots(change.total()),
        batch.quote_quantities.get(place.order_id), _status(change), lots(change.filled),
        market.costs.text(change.cost), lots(change.cancelled), change.reason, change.priority,
    )  # fmt: skip


def _changed_row(batch: "Batch", order_id: int, change: OrderChange) -> tuple[Any, ...]:
    market = batch.market
    lots = market.lots.text
    return (
        order_id, lots(change.filled), market.costs.text(change.cost), lots(change.cancelled), lots(change.quantity),
        market.ticks.text(change.price), change.priority, _status(change), change.reason,
    )  # fmt: skip


def _status(change: OrderChange) -> str:
    assert change.status is not None
    return change.status.value


def _ticks(batch: "Batch", ticks: int) -> Decimal:
    return EXACT.multiply(batch.market.rules.tick, ticks)
