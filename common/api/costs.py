"""What a request counts as: in which counter, and how heavy. Which endpoint costs what is a table of the site's
(settings.REQUEST_COSTS)."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from common.limits import Scope

Body = Callable[[], Any]
Query = Mapping[str, str]
PER_ROWS = 100
INTEGER_DIGITS = 19  # as many as common.api.query takes: what is answered with much must not weigh little


class Weight(NamedTuple):
    """of: the weight of a request, by its query and its body; what is not a valid value weighs 1. text: for people."""

    of: Callable[[Query, Body], int]
    text: str


class Cost(NamedTuple):
    scope: Scope
    weight: Weight


def fixed(weight: int) -> Weight:
    return Weight(lambda query, body: weight, str(weight))


def per_hundred(parameter: str, most: int = 1000) -> Weight:
    """One for each hundred that the query asks for, the last one begun."""

    def of(query: Query, body: Body) -> int:
        text = query.get(parameter, "")
        asked = int(text) if text.isascii() and text.isdigit() and len(text) <= INTEGER_DIGITS else 0
        return -(-asked // PER_ROWS) if 0 < asked <= most else 1

    return Weight(of, f"1 per {PER_ROWS} of `{parameter}`")


def per_order(most: int) -> Weight:
    """One for each order of a batch, which is a list, or a list under "orders"."""

    def of(query: Query, body: Body) -> int:
        data = body()
        orders = data.get("orders") if isinstance(data, dict) else data
        return len(orders) if isinstance(orders, list) and 1 <= len(orders) <= most else 1

    return Weight(of, "1 per order")


def per_leg(*legs: str) -> Weight:
    """One for each of these orders that the body has."""

    def of(query: Query, body: Body) -> int:
        data = body()
        return max(1, sum(bool(data.get(leg)) for leg in legs)) if isinstance(data, dict) else 1

    return Weight(of, "1 per order")


ONE = Cost(Scope.REQUESTS, fixed(1))
