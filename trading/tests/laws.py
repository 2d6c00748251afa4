"""The laws of the exchange, checked the long way round from the rows alone. Shares nothing with the audit."""

from collections import defaultdict
from decimal import Decimal

import psycopg
from django.db import connection
from django.db.models import F, Sum

from accounts.models import Balance, Posting
from common.money import to_steps
from market.models import Market
from risk.models import Position
from trading.matching.book import Book
from trading.matching_service import log, warm
from trading.models import BookState, Order, OrderEvent, Trade


def broken_laws():
    """What does not hold, in words; empty if all is well."""
    found = [*_ledger(), *_held(), *_orders()]
    for market in Market.objects.filter(book__isnull=False).order_by("id"):
        found += _book(market)
    return found


def _ledger():
    for asset, total in Posting.objects.values_list("asset").annotate(Sum("amount")).order_by("asset"):
        if total != 0:
            yield f"postings of {asset} sum to {total}"
    sums = Posting.objects.values_list("account_id", "asset").annotate(Sum("amount")).order_by()
    posted = {(account, asset): total for account, asset, total in sums}
    rows = {(b.account_id, b.asset): b.available + b.held for b in Balance.objects.all()}
    for key in posted.keys() | rows.keys():
        if posted.get(key, 0) != rows.get(key, 0):
            yield f"balance {key} is {rows.get(key)}, its postings sum to {posted.get(key)}"
    for trade in Trade.objects.exclude(cost=F("price") * F("quantity")):
        yield f"trade {trade.id} costs {trade.cost}"


def _held():
    needed = defaultdict(Decimal)
    waiting = Order.Status.PENDING_TRIGGER
    for position in Position.objects.select_related("market"):
        needed[position.account_id, position.market.quote_id] += (
            position.requirement + position.isolated_margin
        )
    orders = Order.objects.filter(status__in=(waiting, *Order.OPEN_STATUSES), market__kind="spot")
    for order in orders.select_related("market", "conditions"):
        still_open = order.quantity - order.filled_quantity - order.cancelled_quantity
        per_unit = order.price if order.side == "buy" else 1
        if order.status == waiting:
            per_unit = order.conditions.reserve
        asset = order.market.quote_id if order.side == "buy" else order.market.base_id
        needed[order.account_id, asset] += still_open * per_unit
    held = {(b.account_id, b.asset): b.held + b.shortage for b in Balance.objects.exclude(held=0, shortage=0)}
    for key in needed.keys() | held.keys():
        if needed.get(key, 0) != held.get(key, 0):
            yield f"{key} holds {held.get(key)}, open orders need {needed.get(key)}"


def _orders():
    filled, cost = defaultdict(Decimal), defaultdict(Decimal)
    for trade in Trade.objects.all():
        for order_id in (trade.taker_order_id, trade.maker_order_id):
            filled[order_id] += trade.quantity
            cost[order_id] += trade.cost
    for order in Order.objects.all():
        if (order.filled_quantity, order.filled_cost) != (filled[order.id], cost[order.id]):
            yield f"order {order.id} is filled {order.filled_quantity}, its trades say {filled[order.id]}"
    for order_id in filled.keys() - set(Order.objects.values_list("id", flat=True)):
        yield f"order {order_id} has trades and no row"


def _book(market):
    rows = OrderEvent.objects.filter(market=market).order_by("sequence")
    sequence = BookState.objects.get(market=market).sequence
    if [row.sequence for row in rows] != list(range(1, sequence + 1)):
        yield f"{market}: the log has gaps before {sequence}"
        return
    book, accepted = Book(), set()
    for row in rows:
        book.replay(log.from_row([getattr(row, name) for name in log.COLUMNS]))
        accepted |= {row.order_id} if row.kind == "A" else set()
    if book.is_crossed() and book.status in ("open", "post_only"):
        yield f"{market}: the book is crossed"
    with psycopg.Cursor(connection.connection) as cursor:
        loaded = warm.load(cursor, market.symbol).book
    if loaded.state_hash() != book.state_hash():
        yield f"{market}: the open orders are not what the log says"
    if accepted != set(Order.objects.filter(market=market).values_list("id", flat=True)):
        yield f"{market}: orders and accepted events differ"
    traded = [(row.sequence, row.trade_id, row.price, row.quantity) for row in rows if row.kind in ("T", "U")]
    trades = [
        (t.sequence, t.id, to_steps(t.price, market.tick), to_steps(t.quantity, market.lot))
        for t in Trade.objects.filter(market=market).order_by("sequence")
    ]
    if traded != trades:
        yield f"{market}: trades and traded events differ"
