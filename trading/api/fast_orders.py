"""The fast lane of POST /api/v1/orders; trading.api.orders.OrdersView is its view.

The order is read, charged, placed and shown as the view does it, and by the same functions but one: the fields
of a plain order are read by a QuickReader of the view's serializer.
"""

import re
from typing import Any

from rest_framework.exceptions import ParseError

from accounts.models import APIKey
from accounts.services import Bearer, forget_bearer, remembered_bearer
from common.api.exceptions import error_answer
from common.api.fast_lane import Answer, Environ, Headers, encode_json, read_body
from common.api.parsers import parse_json
from common.api.quick_reader import UNSURE, QuickReader
from common.api.throttling import OverLimit, charge_lane, cost_of, owner_of
from common.errors import ErrorCode, Refused
from trading.api.serializers import CLIENT_ORDER_ID, MAIN, NewOrderSerializer, has_positions, order_of
from trading.presentation import placed_json
from trading.rules import NewOrder
from trading.services import place_order

HEADERS: Headers = (
    ("Content-Type", "application/json"),
    ("Vary", "Accept"),
    ("Allow", "GET, POST, DELETE, HEAD, OPTIONS"),
)
# The market that is not there is refused before anybody is checked.
ABOUT_THE_BEARER = (ErrorCode.INVALID_TOKEN, ErrorCode.ACCOUNT_SUSPENDED, ErrorCode.UNKNOWN_SYMBOL)
_CLIENT_ORDER_ID = re.compile(CLIENT_ORDER_ID, re.ASCII)


def _client_order_id(value: Any) -> Any:
    return value if type(value) is str and _CLIENT_ORDER_ID.match(value) else UNSURE


def _boolean(value: Any) -> Any:
    return value if type(value) is bool else UNSURE


def _main(value: Any) -> Any:
    """Who places an order on margin is looked at more closely."""
    return MAIN if value == MAIN else UNSURE


_reader = QuickReader(
    NewOrderSerializer, own={"client_order_id": _client_order_id, "reduce_only": _boolean, "account": _main}
)


def place(environ: Environ) -> Answer | None:
    """The answer to an order that is plainly right, after it was carried out; None leaves the request alone."""
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme != "Bearer" or environ.get("CONTENT_TYPE") != "application/json" or environ.get("QUERY_STRING"):
        return None
    order = _read_order(environ)
    bearer = remembered_bearer(token) if order is not None else None
    if order is None or bearer is None or APIKey.Scope.TRADE.value not in bearer.scopes:
        return None
    try:
        owner = owner_of(bearer.user_id, bearer.key_id, bearer.tier)
        charged = charge_lane(cost_of("POST", "/api/v1/orders"), environ, owner, {}, tell=False)
    except OverLimit:  # by the tier as it was remembered
        answer = None
    else:
        answer = _place((*HEADERS, *charged), bearer, *order)
    if answer is None:
        forget_bearer(token)
        return None
    return answer._replace(user_id=bearer.user_id, key_id=bearer.key_id)


def _read_order(environ: Environ) -> tuple[str, NewOrder] | None:
    body = read_body(environ)
    if body is None:
        return None
    try:
        data = _reader.read(parse_json(body))
    except ParseError:
        return None
    if data is None or (data["reduce_only"] and not has_positions(data["symbol"])):
        return None
    return order_of(data)


def _place(headers: Headers, bearer: Bearer, symbol: str, new: NewOrder) -> Answer | None:
    """None: nothing was done, and it is for Django to say who this is. Never an exception: the order may have
    been carried out."""
    try:
        placed = place_order(bearer.account_id, symbol, new, bearer)
        return Answer(200 if placed.replayed else 201, encode_json(placed_json(placed)).encode(), headers)
    except Exception as error:
        if isinstance(error, Refused) and error.code in ABOUT_THE_BEARER:
            return None
        return error_answer(error, "POST /api/v1/orders", headers)
