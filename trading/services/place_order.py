"""Placing orders."""

from collections.abc import Sequence

from accounts.services import Bearer
from common.errors import Refused
from trading import selectors
from trading.matching_service.requests import Outcome, PlacedOrder, PlaceRequest, Repeated
from trading.rules import NewOrder
from trading.services.submit import submit


def place_order(account_id: int, symbol: str, new: NewOrder, bearer: Bearer | None = None) -> PlacedOrder:
    """Place an order and match it; returns it as it stands after the commit. Raises Refused.

    A client order id takes effect once: used again, it answers with the first order. A bearer is checked under
    the market's lock; one who may not act any more, or has changed, is refused INVALID_TOKEN.
    """
    [outcome] = submit(symbol, [PlaceRequest(account_id, new, bearer=bearer)])
    if isinstance(outcome, Refused):
        raise outcome
    return _placed(account_id, outcome)


def place_orders(account_id: int, orders: Sequence[tuple[str, NewOrder]]) -> list[PlacedOrder | Refused]:
    """Place several orders, (symbol, order); one result each, in order. One transaction per symbol."""
    results: dict[int, PlacedOrder | Refused] = {}
    for symbol in dict.fromkeys(symbol for symbol, _ in orders):
        indexes = [index for index, (own_symbol, _) in enumerate(orders) if own_symbol == symbol]
        try:
            outcomes = submit(symbol, [PlaceRequest(account_id, orders[index][1]) for index in indexes])
        except Refused as refused:
            outcomes = [refused] * len(indexes)
        for index, outcome in zip(indexes, outcomes, strict=True):
            results[index] = outcome if isinstance(outcome, Refused) else _placed(account_id, outcome)
    return [results[index] for index in range(len(orders))]


def _placed(account_id: int, outcome: Outcome) -> PlacedOrder:
    if isinstance(outcome, Repeated):
        first = selectors.order_of(account_id, outcome.order_id)
        return PlacedOrder(first, selectors.fills_of_taker(first), replayed=True)
    assert isinstance(outcome, PlacedOrder)
    return outcome
