"""A batch of orders as a client sends it, and what became of each."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from accounts.api.authentication import signed_in
from common.errors import ErrorCode, Refused
from trading.api.serializers import MARGIN, NewOrderSerializer
from trading.presentation import placed_json
from trading.services import NewOrder, PlacedOrder, admit_on_margin, place_orders

MOST_ORDERS_IN_A_BATCH = 100


def placing_account(request: Request, data: Mapping[str, Any], symbol: str, *orders: NewOrder) -> int:
    """The account that the data name, if it may place these orders. Raises Refused."""
    user = signed_in(request)
    if data["account"] == MARGIN:
        return admit_on_margin(user, [(symbol, new) for new in orders])
    return user.account.pk


def read_batch(data: Any) -> list[Any]:
    orders = data.get("orders") if isinstance(data, dict) and set(data) == {"orders"} else data
    if not isinstance(orders, list) or not 1 <= len(orders) <= MOST_ORDERS_IN_A_BATCH:
        raise ValidationError(
            {"orders": [f'Send {{"orders": [...]}} or a list, with 1 to {MOST_ORDERS_IN_A_BATCH} orders.']}
        )
    return orders


def place_batch(request: Request, items: list[Any]) -> list[dict[str, Any]]:
    """One result per item; an item that does not read as an order, or is not admitted, is refused by itself."""
    results: list[dict[str, Any]] = [{} for _ in items]
    good: dict[int, list[tuple[int, tuple[str, NewOrder]]]] = defaultdict(list)
    for index, item in enumerate(items):
        serializer = NewOrderSerializer(data=item)
        if not serializer.is_valid():
            refused = Refused(ErrorCode.VALIDATION_ERROR, **_field_errors(serializer.errors))
            results[index] = _error_json(refused)
            continue
        order = serializer.new_order()
        try:
            good[placing_account(request, serializer.validated_data, *order)].append((index, order))
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
