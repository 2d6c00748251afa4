"""GET /api/v1/orderbook/{symbol} · GET /api/v1/time"""

from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common import clock
from common.api.fields import MoneyString
from common.api.query import query_integer
from common.api.schema import errors
from trading import selectors
from trading.presentation import book_json

DEFAULT_DEPTH = 50
MAX_DEPTH = 1000


class LevelsField(serializers.ListField):
    """[price, quantity] of each level."""

    child = serializers.ListField(child=MoneyString(), min_length=2, max_length=2)


class OrderBookSerializer(serializers.Serializer):
    symbol = serializers.CharField()
    sequence = serializers.IntegerField(help_text="events of the market so far")
    bids = LevelsField(help_text="[price, quantity], highest price first")
    asks = LevelsField(help_text="[price, quantity], lowest price first")


class OrderBookView(APIView):
    """The resting orders of a market by price, as of the newest commit; `sequence` says which."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="orderbook",
        tags=["market data"],
        parameters=[
            OpenApiParameter("depth", int, default=DEFAULT_DEPTH, description=f"levels, 1 to {MAX_DEPTH}")
        ],
        responses={200: OrderBookSerializer, **errors(400, 404)},
    )
    def get(self, request: Request, symbol: str) -> Response:
        depth = query_integer(request, "depth", DEFAULT_DEPTH, 1, MAX_DEPTH)
        return Response(book_json(selectors.book_snapshot(symbol, depth)))


class TimeView(APIView):
    """The exchange's clock."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="time",
        tags=["market data"],
        responses={200: inline_serializer("Time", {"server_time": serializers.IntegerField()}), **errors()},
    )
    def get(self, request: Request) -> Response:
        return Response({"server_time": clock.to_ms(clock.now())})
