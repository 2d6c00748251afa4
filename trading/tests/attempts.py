"""Attempts at orders, cancels and amends, many at once, each with where the log was before and after it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from django.db import connection

from common.errors import Refused
from trading import services
from trading.models import BookState
from trading.rules import NewOrder
from trading.tests.other_desk import PATIENCE_SECONDS


def attempts_at_once(steps):
    """Make these attempts in threads that begin together; what came of each, in order."""
    together = threading.Barrier(len(steps))

    def one(step):
        try:
            together.wait(PATIENCE_SECONDS)
            return attempt(**step)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(steps)) as pool:
        return list(pool.map(one, steps))


def attempt(what, symbol, **arguments):
    """{"what", "asked", "before", "after", and "refused" or the order as it was answered}.

    before, after: the market's sequence when the attempt began and when it was answered, so that what it did
    stands in between.
    """
    made = {"what": what, "asked": arguments, "before": sequence_of(symbol)}
    try:
        made |= {"place": _place, "cancel": _cancel, "amend": _amend}[what](symbol, **arguments)
    except Refused as refused:
        made["refused"] = refused.code.name
    return made | {"after": sequence_of(symbol)}


def sequence_of(symbol):
    return BookState.objects.values_list("sequence", flat=True).get(market__symbol=symbol)


def _place(symbol, account, side, quantity, price, **terms):
    new = NewOrder(side, "limit", Decimal(quantity), Decimal(price), **terms)
    placed = services.place_order(account, symbol, new)
    fills = {fill.id: str(fill.quantity) for fill in placed.fills}
    return {"order": _shown(placed.order), "replayed": placed.replayed, "fills": fills}


def _cancel(_, account, order):
    return {"order": _shown(services.cancel_order(account, order))}


def _amend(_, account, order, quantity=None, price=None):
    price, quantity = (None if text is None else Decimal(text) for text in (price, quantity))
    return {"order": _shown(services.amend_order(account, order, price, quantity))}


def _shown(order):
    amounts = ("quantity", "filled_quantity", "cancelled_quantity", "price")
    return {name: str(getattr(order, name)) for name in amounts} | {"id": order.id, "status": order.status}
