"""A batch of orders as a client sends it, and what became of each."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from accounts.api.authentication import signed_in
from common.errors import ErrorCode, Refused
from trading.api.serializers import MARGIN, NewOrderSerializer
from trading.presentation import placed_json
from trading.services import Admission, NewOrder, PlacedOrder, admission, place_orders

MOST_ORDERS_IN_A_BATCH = 100


@contextmanager
def admitted(
    request: Request, account: str, symbol: str, *orders: NewOrder
) -> Iterator[tuple[int, list[NewOrder]]]:
    """The account that was named, and the orders as it places them while this lasts. Raises Refused."""
    user = signed_in(request)
    if account != MARGIN:
        yield user.account.pk, list(orders)
        return
    with admission(user) as held:
        yield held.account_id, held.admit([(symbol, new) for new in orders])


def read_batch(data: Any) -> list[Any]:
    orders = data.get("orders") if isinstance(data, dict) and set(data) == {"orders"} else data
    if not isinstance(orders, list) or not 1 <= len(orders) <= MOST_ORDERS_IN_A_BATCH:
        raise ValidationError(
            {"orders": [f'Send {{"orders": [...]}} or a list, with 1 to {MOST_ORDERS_IN_A_BATCH} orders.']}
        )
    return orders


def place_batch(request: Request, items: list[Any]) -> list[dict[str, Any]]:
    """One result per item; an item that does not read as an order, or is not admitted, is refused by itself."""
    with ExitStack() as until_placed:
        return _place_batch(request, items, until_placed)


def _place_batch(request: Request, items: list[Any], until_placed: ExitStack) -> list[dict[str, Any]]:
    user = signed_in(request)
    on_margin: Admission | None = None
    results: list[dict[str, Any]] = [{} for _ in items]
    good: dict[int, list[tuple[int, tuple[str, NewOrder]]]] = defaultdict(list)
    for index, item in enumerate(items):
        serializer = NewOrderSerializer(data=item)
        if not serializer.is_valid():
            refused = Refused(ErrorCode.VALIDATION_ERROR, **_field_errors(serializer.errors))
            results[index] = _error_json(refused)
            continue
        symbol, new = serializer.new_order()
        account_id = user.account.pk
        try:
            if serializer.validated_data["account"] == MARGIN:
                on_margin = on_margin or until_placed.enter_context(admission(user))
                account_id, [new] = on_margin.account_id, on_margin.admit([(symbol, new)])
            good[account_id].append((index, (symbol, new)))
        except Refused as refused:
            results[index] = _error_json(refused)
    for account_id, numbered in good.items():
        outcomes = place_orders(account_id, [order for _, order in numbered])
        for (index, _), outcome in zip(numbered, outcomes, strict=True):
            results[index] = _result_json(outcome)
    return results


def _result_json(outcome: PlacedOrder | Refused) -> dict[str, Any]:
    return _error_json(outcome) if isinstance(outcome, Refused) else {"order": placed_json(outcome)}


def _error_json(refused: Refused) -> dict[str, Any]:
    return {"error": refused.body()}


def _field_errors(errors_of_fields: Any) -> dict[str, Any]:
    return {str(name): texts for name, texts in dict(errors_of_fields).items()}
