"""Step seven: a batch as rows, all in one round trip to the database."""

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from accounts.ledger import Entry
from accounts.services import ledger
from common.money import EXACT
from trading import settlement
from trading.matching.events import Accepted, Traded
from trading.matching_service import log, statements
from trading.matching_service.changes import OrderChange
from trading.matching_service.requests import FillRow, PlacedOrder, PlacedRow, PlaceRequest

if TYPE_CHECKING:
    from trading.matching_service.batch import Batch, Carried


def write(batch: "Batch") -> None:
    """Events, orders, trades, postings, balances, and the symbol's sequence forward."""
    cursor, now, market_id = batch.cursor, batch.now, batch.market_id
    fills = list(_numbered_fills(batch))
    new, changed = _order_rows(batch)
    with batch.connection.pipeline():
        statements.add_events(cursor, market_id, now, list(_event_rows(batch)))
        if new:
            statements.add_orders(cursor, market_id, now, new)
        if changed:
            statements.change_orders(cursor, now, changed)
        if fills:
            statements.add_trades(cursor, market_id, now, [_trade_row(fill) for fill in fills])
            _write_postings(batch, fills)
        if batch.locked:
            ledger.set_balance_rows(cursor, batch.locked.rows())
        last_price = fills[-1].price if fills else None
        statements.move_forward(cursor, market_id, batch.book.sequence, now, last_price)
    batch.fills = fills


def placed_order(batch: "Batch", carried: "Carried", fills: list[FillRow]) -> PlacedOrder:
    change = carried.snapshot
    assert change is not None and change.place is not None
    place = change.place
    (_, _, _, _, _, _, _, _, price, quantity, quote_quantity, status, filled, cost, cancelled, reason, _) = (
        _new_row(batch, change, _asked(batch, carried))
    )
    order = PlacedRow(
        place.order_id, batch.symbol, place.account_id, change.client_order_id, place.side, place.type,
        place.time_in_force, place.post_only, place.self_trade_prevention, price, quantity, quote_quantity,
        status, filled, cost, cancelled, reason, batch.now, batch.now,
    )  # fmt: skip
    return PlacedOrder(order, fills)


def _event_rows(batch: "Batch") -> Iterator[tuple[Any, ...]]:
    trade_ids = iter(batch.trade_ids)
    asked = _asked_by_order(batch)
    for sequence, (event, client_order_id) in enumerate(batch.events, start=batch.sequence + 1):
        trade_id = next(trade_ids)[0] if type(event) is Traded else None
        quote_quantity = asked.get(event.order_id) if type(event) is Accepted else None
        yield (sequence, trade_id, *log.to_row(event, client_order_id, quote_quantity))


def _numbered_fills(batch: "Batch") -> Iterator[FillRow]:
    """Every trade of the batch with its ids and its place in the log."""
    sequences = (n for n, (event, _) in enumerate(batch.events, batch.sequence + 1) if type(event) is Traded)
    fills = (fill for carried in batch.carried for fill in carried.fills)
    for fill, sequence, (trade_id, transaction_id) in zip(fills, sequences, batch.trade_ids, strict=True):
        yield _fill_row(batch, fill, sequence, trade_id, transaction_id)


def _fill_row(
    batch: "Batch", fill: settlement.Fill, sequence: int, trade_id: int, transaction_id: int
) -> FillRow:
    trade, rules, terms = fill.event, batch.market.rules, batch.market.terms
    taker_gets, maker_gets = (
        (terms.base, terms.quote) if trade.taker_side == "buy" else (terms.quote, terms.base)
    )
    amount = batch.funds.amount
    return FillRow(
        trade_id, batch.symbol, sequence, _ticks(batch, trade.price), EXACT.multiply(rules.lot, trade.quantity),
        amount(fill.cost, terms.quote), trade.taker_side, trade.taker_order_id, trade.maker_order_id,
        trade.taker_account_id, trade.maker_account_id, amount(fill.taker_fee, taker_gets),
        amount(fill.maker_fee, maker_gets), transaction_id, batch.now,
    )  # fmt: skip


def _trade_row(fill: FillRow) -> tuple[Any, ...]:
    """In the order of statements.add_trades: without symbol and time."""
    return (fill.id, *fill[2:14])


def _write_postings(batch: "Batch", fills: list[FillRow]) -> None:
    entries = []
    settled = (fill for carried in batch.carried for fill in carried.fills)
    for row, fill in zip(fills, settled, strict=True):
        for account_id, asset, units in settlement.entries(batch.market.terms, fill):
            entries.append(
                (row.ledger_transaction_id, Entry(account_id, asset, batch.funds.amount(units, asset)))
            )
    transactions = [(row.ledger_transaction_id, row.id) for row in fills]
    ledger.add_trade_postings(batch.cursor, transactions, entries, batch.now)


def _order_rows(batch: "Batch") -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Rows of new orders, and rows of changes to older ones."""
    new, changed = [], []
    asked = _asked_by_order(batch)
    for order_id, change in batch.changes.orders.items():
        if change.place is not None:
            new.append(_new_row(batch, change, asked[order_id]))
        else:
            changed.append(_changed_row(batch, order_id, change))
    return new, changed


def _asked_by_order(batch: "Batch") -> dict[int, Decimal | None]:
    """The quote_quantity of each new order."""
    return {
        carried.order_id: _asked(batch, carried) for carried in batch.carried if carried.order_id is not None
    }


def _asked(batch: "Batch", carried: "Carried") -> Decimal | None:
    """quote_quantity as the client gave it: the budget that matching spends is cut to ticks x lots."""
    request = batch.requests[carried.index]
    assert isinstance(request, PlaceRequest)
    return request.new.quote_quantity


def _new_row(batch: "Batch", change: OrderChange, quote_quantity: Decimal | None) -> tuple[Any, ...]:
    place = change.place
    assert place is not None
    return (
        place.order_id, place.account_id, change.client_order_id, place.side, place.type, place.time_in_force,
        place.post_only, place.self_trade_prevention, _price(batch, change.price), _lots(batch, change.total()),
        quote_quantity, change.status(), _lots(batch, change.filled), _cost(batch, change.cost),
        _lots(batch, change.cancelled), change.reason, change.priority,
    )  # fmt: skip


def _changed_row(batch: "Batch", order_id: int, change: OrderChange) -> tuple[Any, ...]:
    return (
        order_id, _lots(batch, change.filled), _cost(batch, change.cost), _lots(batch, change.cancelled),
        _lots(batch, change.quantity), _price(batch, change.price), change.priority, change.ended, change.reason,
    )  # fmt: skip


def _ticks(batch: "Batch", ticks: int) -> Decimal:
    return EXACT.multiply(batch.market.rules.tick, ticks)


def _price(batch: "Batch", ticks: int | None) -> Decimal | None:
    return None if ticks is None else _ticks(batch, ticks)


def _lots(batch: "Batch", lots: int | None) -> Decimal | None:
    return None if lots is None else EXACT.multiply(batch.market.rules.lot, lots)


def _cost(batch: "Batch", steps: int) -> Decimal:
    return batch.market.rules.notional(1, steps)
