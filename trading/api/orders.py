"""Own orders.

POST, GET, DELETE /api/v1/orders · POST orders/batch · POST orders/cancel-after
GET, PATCH, DELETE /api/v1/orders/{id} · POST orders/{id}/cancel
"""

from typing import Any

from drf_spectacular.utils import (
    OpenApiParameter,
    PolymorphicProxySerializer,
    extend_schema,
    inline_serializer,
)
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import signed_in
from common.api.query import refuse_unknown_parameters
from common.api.schema import errors
from common.api.serializers import StrictSerializer
from common.clock import to_ms
from trading import selectors
from trading.api.batch_orders import admitted, place_batch, read_batch
from trading.api.serializers import (
    AmendSerializer,
    CancelAfterSerializer,
    NewOrderSerializer,
    OrderSerializer,
    PlacedOrderSerializer,
    PlacedOrErrorSerializer,
)
from trading.api.trading_view import ACCOUNT, SYMBOL, TradingView, asked_symbol, named_account
from trading.models import Order
from trading.presentation import fill_json, order_json, placed_json
from trading.selectors import OrderReference
from trading.services import (
    admission,
    amend_order,
    arm_cancel_after,
    cancel_all,
    cancel_everywhere,
    cancel_order,
    place_order,
)

ACTIVE = "active"  # every live order: in the book, or waiting
REJECTED = "rejected"  # no order is kept that was refused
_EVERY_STATUS = (*Order.Status.values, REJECTED, ACTIVE)
_TAGS = ["orders"]
_CANCELLED = inline_serializer(
    "CancelledOrders", {"cancelled": serializers.ListField(child=serializers.CharField())}
)


class OrdersView(TradingView):
    def get_serializer_class(self) -> Any:
        return NewOrderSerializer if self.request.method == "POST" else OrderSerializer

    @extend_schema(
        operation_id="place_order",
        tags=_TAGS,
        request=NewOrderSerializer,
        responses={
            201: PlacedOrderSerializer,
            200: PlacedOrderSerializer,
            **errors(400, 401, 403, 404, 413, 415, 422),
        },
        description="Place an order; it is matched and committed before the answer. 200 instead of 201: the "
        "client order id was used before, and this is that first order.",
    )
    def post(self, request: Request) -> Response:
        serializer = NewOrderSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        symbol, new = serializer.new_order()
        with admitted(request, serializer.validated_data["account"], symbol, new) as (account_id, [order]):
            placed = place_order(account_id, symbol, order)
        code = status.HTTP_200_OK if placed.replayed else status.HTTP_201_CREATED
        return Response(placed_json(placed), status=code)

    @extend_schema(
        operation_id="list_orders",
        tags=_TAGS,
        parameters=[
            SYMBOL,
            ACCOUNT,
            OpenApiParameter(
                "status",
                str,
                enum=_EVERY_STATUS,
                description="`open`: in the book, partly filled too; `active`: all that are live",
            ),
        ],
        responses={200: OrderSerializer(many=True), **errors(400, 401, 403, 404)},
        description="Own orders, newest first.",
    )
    def get(self, request: Request) -> Response:
        rows = selectors.orders(self.named_account_id, asked_symbol(request), _statuses(request))
        return self.get_paginated_response(
            [order_json(order) for order in self.paginate_queryset(rows) or []]
        )

    @extend_schema(
        operation_id="cancel_all_orders",
        tags=_TAGS,
        parameters=[SYMBOL, ACCOUNT],
        responses={200: _CANCELLED, **errors(400, 401, 403, 404, 413, 415)},
        description="Cancel every live order, in one market or in all; of both your accounts if none is named.",
    )
    def delete(self, request: Request) -> Response:
        # A symbol that is misspelt or sent in a body must not become: all markets.
        refuse_unknown_parameters(request, "symbol", "account")
        StrictSerializer(data=request.data).is_valid(raise_exception=True)
        cancel = cancel_everywhere if named_account(request) is None else cancel_all
        cancelled = cancel(self.named_account_id, asked_symbol(request))
        return Response({"cancelled": [str(order_id) for order_id in cancelled]})


class OrderView(TradingView):
    def get_serializer_class(self) -> Any:
        return AmendSerializer if self.request.method == "PATCH" else OrderSerializer

    @extend_schema(
        operation_id="get_order",
        tags=_TAGS,
        parameters=[ACCOUNT],
        responses={200: PlacedOrderSerializer, **errors(400, 401, 403, 404)},
        description="`{reference}` is the id, which is found in either account, or `client:` and the client order id.",
    )
    def get(self, request: Request, reference: str) -> Response:
        return Response(self.with_account_of(reference, lambda own: _order_with_fills(own, reference)))

    @extend_schema(
        operation_id="amend_order",
        tags=_TAGS,
        parameters=[ACCOUNT],
        request=AmendSerializer,
        responses={200: PlacedOrderSerializer, **errors(400, 401, 403, 404, 409, 413, 415, 422)},
        description="A smaller quantity keeps the order's place in the queue; anything else loses it. "
        "`trigger_price` is of an order that still waits for it.",
    )
    def patch(self, request: Request, reference: str) -> Response:
        serializer = AmendSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        change = serializer.validated_data

        def amended(account_id: int) -> dict[str, Any]:
            if account_id == self.account_id:
                return _order_with_fills(account_id, amend_order(account_id, reference, **change).pk)
            with admission(signed_in(request)) as held:
                held.admit_change(reference, **change)
                return _order_with_fills(account_id, amend_order(account_id, reference, **change).pk)

        return Response(self.with_account_of(reference, amended))

    @extend_schema(
        operation_id="cancel_order",
        tags=_TAGS,
        parameters=[ACCOUNT],
        responses={200: OrderSerializer, **errors(400, 401, 403, 404, 409)},
        description="Cancel what is still open of an order; the other one of a pair ends with it.",
    )
    def delete(self, request: Request, reference: str) -> Response:
        return Response(order_json(self.with_account_of(reference, lambda own: cancel_order(own, reference))))


class CancelOrderView(TradingView):
    @extend_schema(
        operation_id="cancel_order_by_post",
        tags=_TAGS,
        parameters=[ACCOUNT],
        request=None,
        responses={200: OrderSerializer, **errors(400, 401, 403, 404, 409, 413, 415)},
        description="The same as DELETE, for clients that cannot send it.",
    )
    def post(self, request: Request, reference: str) -> Response:
        StrictSerializer(data=request.data).is_valid(raise_exception=True)
        return Response(order_json(self.with_account_of(reference, lambda own: cancel_order(own, reference))))


class BatchView(TradingView):
    serializer_class = NewOrderSerializer

    @extend_schema(
        operation_id="place_orders",
        tags=_TAGS,
        request=PolymorphicProxySerializer(
            "NewOrdersOrList",
            [
                inline_serializer("NewOrders", {"orders": NewOrderSerializer(many=True)}),
                NewOrderSerializer(many=True),
            ],
            resource_type_field_name=None,
            many=False,
        ),
        responses={
            200: inline_serializer("PlacedOrders", {"results": PlacedOrErrorSerializer(many=True)}),
            **errors(400, 401, 403, 413, 415),
        },
        description='Up to 100 orders, as {"orders": [...]} or as a bare list; `results` has one entry each, in '
        'order: {"order": ...} or {"error": ...}. Orders of one market are carried out in one transaction.',
    )
    def post(self, request: Request) -> Response:
        results = place_batch(request, read_batch(request.data))
        return Response({"results": results})


class CancelAfterView(TradingView):
    serializer_class = CancelAfterSerializer

    @extend_schema(
        operation_id="cancel_after",
        tags=_TAGS,
        request=CancelAfterSerializer,
        responses={
            200: inline_serializer(
                "CancelAfterAnswer", {"cancel_at": serializers.IntegerField(allow_null=True)}
            ),
            **errors(400, 401, 403, 413, 415),
        },
        description="A dead man's switch: all your open orders are cancelled unless you call again in time.",
    )
    def post(self, request: Request) -> Response:
        serializer = CancelAfterSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        due_at = arm_cancel_after(self.account_id, serializer.validated_data["timeout_ms"])
        return Response({"cancel_at": None if due_at is None else to_ms(due_at)})


def _order_with_fills(account_id: int, reference: OrderReference) -> dict[str, Any]:
    order = selectors.order_of(account_id, reference)
    fills = selectors.fills(account_id, order_id=order.pk)
    return {**order_json(order), "fills": [fill_json(fill, account_id) for fill in [*fills][::-1]]}


def _statuses(request: Request) -> list[str] | None:
    status_name = request.query_params.get("status")
    if status_name is None:
        return None
    if status_name == Order.Status.OPEN:
        return list(Order.OPEN_STATUSES)
    if status_name == ACTIVE:
        return list(Order.ACTIVE_STATUSES)
    if status_name == REJECTED:
        return []
    if status_name not in Order.Status.values:
        raise ValidationError({"status": [f"Must be one of {', '.join(_EVERY_STATUS)}."]})
    return [status_name]
