"""Public market data, and the staff's price tick.

GET /api/v1/ticker · ticker/{symbol} · trades/{symbol} · klines/{symbol} · market/price/{symbol}
POST /api/v1/market/tick
"""

from datetime import datetime

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.permissions import IsStaff
from common.api.fields import LATEST_MS, Milliseconds, MoneyString
from common.api.pagination import DEFAULT_LIMIT, MAX_LIMIT, CursorPage, read_limit
from common.api.query import query_integer
from common.api.schema import errors
from common.api.serializers import StrictSerializer
from common.clock import from_ms
from market.candles import INTERVALS
from market.models import Price
from market.selectors import price_of
from trading.models import Order
from trading.presentation import kline_json, ticker_json
from trading.selectors.market_data import klines, last_price, public_trades, tickers
from trading.services.refresh_prices import refresh_prices
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


@extend_schema_field({"type": "string", "pattern": r"^-?(0|[1-9]\d*)(\.\d+)?$", "example": "-1.5"})
class SignedMoneyString(MoneyString):
    """An amount that can be negative, only shown."""


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


class PriceSerializer(serializers.Serializer):
    """Prices of a market. `index` is the price outside this exchange; `source` says where it comes from."""

    symbol = serializers.CharField()
    last = MoneyString(allow_null=True, help_text="of the newest trade here")
    index = MoneyString(allow_null=True)
    mark = MoneyString(allow_null=True, help_text="on a spot market the index")
    source = serializers.ChoiceField(choices=Price.Source.choices, allow_null=True)  # type: ignore[assignment]
    updated_at = Milliseconds(allow_null=True)


class WrittenPriceSerializer(serializers.Serializer):
    symbol = serializers.CharField(source="market.symbol")
    index = MoneyString()
    source = serializers.ChoiceField(choices=Price.Source.choices)  # type: ignore[assignment]
    updated_at = Milliseconds()


class TickSerializer(serializers.Serializer):
    written = WrittenPriceSerializer(many=True)
    busy = serializers.BooleanField(help_text="another tick was at work, so this one wrote nothing")
    failure = serializers.CharField(allow_blank=True, help_text="why there was no price from outside")


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


class MarketPriceView(APIView):
    """Last, index and mark price of one market."""

    permission_classes = [AllowAny]

    @extend_schema(operation_id="market_price", tags=_TAGS, responses={200: PriceSerializer, **errors(404)})
    def get(self, request: Request, symbol: str) -> Response:
        price = price_of(symbol)
        index = price.index if price else None
        shown = {
            "symbol": symbol,
            "last": last_price(symbol),
            "index": index,
            "mark": index,
            "source": price.source if price else None,
            "updated_at": price.updated_at if price else None,
        }
        return Response(PriceSerializer(shown).data)


class MarketTickView(APIView):
    """Refresh the prices from outside now."""

    permission_classes = [IsStaff]

    @extend_schema(
        operation_id="market_tick",
        tags=["staff"],
        request=None,
        responses={200: TickSerializer, **errors(400, 401, 403, 413, 415)},
    )
    def post(self, request: Request) -> Response:
        StrictSerializer(data=request.data).is_valid(raise_exception=True)
        return Response(TickSerializer(refresh_prices()).data)


def _read_moment(request: Request, name: str) -> datetime | None:
    milliseconds = query_integer(request, name, None, 0, LATEST_MS)
    return None if milliseconds is None else from_ms(milliseconds)


def _read_interval(request: Request) -> str:
    interval = request.query_params.get("interval", "1m")
    if interval not in INTERVALS:
        raise ValidationError({"interval": [f"Must be one of {', '.join(INTERVALS)}."]})
    return str(interval)
