"""Orders that hang together.

POST /api/v1/orders/oco · POST /api/v1/orders/bracket
"""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.schema import errors
from trading.api.batch_orders import admitted
from trading.api.linked_serializers import BracketSerializer, OcoSerializer
from trading.api.serializers import LinkedOrdersSerializer
from trading.api.trading_view import TradingView
from trading.presentation import placed_json
from trading.services import place_linked

_TAGS = ["orders"]
_ANSWERS: dict[int, Any] = {
    201: LinkedOrdersSerializer,
    200: LinkedOrdersSerializer,
    **errors(400, 401, 403, 404, 409, 413, 415, 422),
}
_REPEATED = (
    " 200 instead of 201: the client order id of the first one was used before, and these are those orders."
)


class LinkedView(TradingView):
    """Reads the legs and places them, all or none."""

    def post(self, request: Request) -> Response:
        serializer = self.serializer_class(data=request.data)
        serializer.is_valid(raise_exception=True)
        symbol, legs = serializer.legs()
        account = serializer.validated_data["account"]
        with admitted(request, account, symbol, *(leg.new for leg in legs)) as (account_id, orders):
            bounded = [leg._replace(new=new) for leg, new in zip(legs, orders, strict=True)]
            placed = place_linked(account_id, symbol, bounded)
        code = status.HTTP_200_OK if placed.replayed else status.HTTP_201_CREATED
        return Response({"orders": [placed_json(order) for order in placed.orders]}, status=code)


class OcoView(LinkedView):
    serializer_class = OcoSerializer

    @extend_schema(
        operation_id="place_oco",
        tags=_TAGS,
        request=OcoSerializer,
        responses=_ANSWERS,
        description="One cancels the other: two orders of one side and quantity, taken or refused together. As soon "
        "as one trades, fires or ends, the other is cancelled." + _REPEATED,
    )
    def post(self, request: Request) -> Response:
        return super().post(request)


class BracketView(LinkedView):
    serializer_class = BracketSerializer

    @extend_schema(
        operation_id="place_bracket",
        tags=_TAGS,
        request=BracketSerializer,
        responses=_ANSWERS,
        description="An entry and its exits, taken or refused together. When the entry has ended, the exits become "
        "active for what it filled, on the other side and as a pair of which one cancels the other."
        + _REPEATED,
    )
    def post(self, request: Request) -> Response:
        return super().post(request)
