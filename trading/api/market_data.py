"""Public market data.

GET /api/v1/ticker · ticker/{symbol} · trades/{symbol} · klines/{symbol}
"""

from datetime import datetime

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.api.fields import LATEST_MS, Milliseconds, MoneyString, SignedMoneyString
from common.api.pagination import DEFAULT_LIMIT, MAX_LIMIT, CursorPage, read_limit
from common.api.query import query_integer
from common.api.schema import errors
from common.clock import from_ms
from market.candles import INTERVALS
from trading.models import Order
from trading.presentation import kline_json, ticker_json
from trading.selectors.market_data import klines, public_trades, tickers
from trading.services.roll_up_candles import roll_up_if_behind
from trading.shared_ticker import newest_ticker

_TAGS = ["market data"]
_MONEY = {"type": "string"}
_KLINE = {
    "type": "array",
    "description": "[open_time, open, high, low, close, volume, quote_volume, trades]",
    "items": {"oneOf": [{"type": "integer"}, _MONEY]},
    "minItems": 8,
    "maxItems": 8,
    "example": [1700000000000, "60000", "60010.5", "59990", "60002", "1.25", "75003.1", 42],
}


class TickerSerializer(serializers.Serializer):
    """Over the last 24 hours. Prices are null before the market's first trade."""

    symbol = serializers.CharField()
    last = MoneyString(source="statistics.last", allow_null=True)
    open = MoneyString(source="statistics.open", allow_null=True)
    high = MoneyString(source="statistics.high", allow_null=True)
    low = MoneyString(source="statistics.low", allow_null=True)
    volume = MoneyString(help_text="in base")
    quote_volume = MoneyString(help_text="in quote")
    change = SignedMoneyString(source="statistics.change", allow_null=True, help_text="last - open")
    change_percent = SignedMoneyString(source="statistics.change_percent", allow_null=True)
    trades = serializers.IntegerField()
    best_bid = MoneyString(allow_null=True)
    best_ask = MoneyString(allow_null=True)


class TradeSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    price = MoneyString()
    quantity = MoneyString()
    side = serializers.ChoiceField(choices=Order.Side.choices, source="taker_side", help_text="the taker's")
    time = Milliseconds(source="created_at")


class TickersView(APIView):
    """24-hour statistics of every market, by symbol."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="tickers", tags=_TAGS, responses={200: TickerSerializer(many=True), **errors()}
    )
    def get(self, request: Request) -> Response:
        roll_up_if_behind()
        return Response([ticker_json(each) for each in tickers()])


class TickerView(APIView):
    """24-hour statistics of one market."""

    permission_classes = [AllowAny]

    @extend_schema(operation_id="ticker", tags=_TAGS, responses={200: TickerSerializer, **errors(404)})
    def get(self, request: Request, symbol: str) -> Response:
        return Response(ticker_json(newest_ticker(symbol)))


class TradesPage(CursorPage):
    """Along the market's sequence, whose index is there and which grows with the ids."""

    key = "sequence"


class TradesView(APIView):
    """Trades of one market, newest first."""

    permission_classes = [AllowAny]
    pagination_class = TradesPage

    @extend_schema(
        operation_id="trades", tags=_TAGS, responses={200: TradeSerializer(many=True), **errors(400, 404)}
    )
    def get(self, request: Request, symbol: str) -> Response:
        page = TradesPage()
        rows = page.paginate_queryset(public_trades(symbol), request, self)
        return page.get_paginated_response(TradeSerializer(rows, many=True).data)


class KlinesView(APIView):
    """Candles of one market, oldest first, those that open from `start` to `end`, both included.

    Without a start the newest `limit`, without an end up to now. An interval without a trade is flat at the
    close before it, so from the first trade on there are no holes.
    """

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="klines",
        tags=_TAGS,
        parameters=[
            OpenApiParameter("interval", str, enum=list(INTERVALS), default="1m"),
            OpenApiParameter("start", OpenApiTypes.INT64, description="milliseconds since the epoch"),
            OpenApiParameter("end", OpenApiTypes.INT64, description="milliseconds since the epoch"),
            OpenApiParameter("limit", int, default=DEFAULT_LIMIT, description=f"1 to {MAX_LIMIT}"),
        ],
        responses={(200, "application/json"): {"type": "array", "items": _KLINE}, **errors(400, 404)},
    )
    def get(self, request: Request, symbol: str) -> Response:
        start, end = _read_moment(request, "start"), _read_moment(request, "end")
        if start is not None and end is not None and start > end:
            raise ValidationError({"start": ["Must not be after `end`."]})
        roll_up_if_behind()
        bars = klines(symbol, _read_interval(request), start, end, read_limit(request))
        return Response([kline_json(bar) for bar in bars])


def _read_moment(request: Request, name: str) -> datetime | None:
    milliseconds = query_integer(request, name, None, 0, LATEST_MS)
    return None if milliseconds is None else from_ms(milliseconds)


def _read_interval(request: Request) -> str:
    interval = request.query_params.get("interval", "1m")
    if interval not in INTERVALS:
        raise ValidationError({"interval": [f"Must be one of {', '.join(INTERVALS)}."]})
    return str(interval)
