"""GET /api/v1/markets · GET /api/v1/markets/{symbol}"""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.api.fields import Milliseconds, MoneyString
from common.api.schema import errors
from market.models import Market
from market.selectors import market_by_symbol, markets


class MarketSerializer(serializers.Serializer):
    symbol = serializers.CharField()
    kind = serializers.ChoiceField(choices=Market.Kind.choices)
    status = serializers.ChoiceField(choices=Market.Status.choices)
    base = serializers.CharField(source="base_id")
    quote = serializers.CharField(source="quote_id")
    base_precision = serializers.IntegerField(source="base.precision")
    quote_precision = serializers.IntegerField(source="quote.precision")
    tick = MoneyString(help_text="prices are multiples of this, in quote")
    lot = MoneyString(help_text="quantities are multiples of this, in base")
    minimum_notional = MoneyString(help_text="least price x quantity of an order, in quote")
    maximum_notional = MoneyString(help_text="most price x quantity of an order, in quote")
    maximum_open_orders = serializers.IntegerField(help_text="live orders an account may have here at a time")
    maker_fee = MoneyString(help_text="share of what the maker receives: 0.001 is 0.1%")
    taker_fee = MoneyString(help_text="share of what the taker receives")
    price_band = MoneyString(
        allow_null=True,
        help_text="a buy may ask no more than reference x (1 + this), a sell no less than reference x (1 - this)",
    )
    market_protection = MoneyString(help_text="how far from the reference price a market order may trade")
    breaker_move = MoneyString(
        allow_null=True, help_text="trades this far apart within the window halt the market; null: never"
    )
    breaker_window_seconds = serializers.IntegerField()
    auction_seconds = serializers.IntegerField(
        help_text="how long orders are collected before a halted market opens again"
    )
    auction_ends_at = Milliseconds(
        allow_null=True,
        help_text="when the call auction ends; null without one, or while staff have not set its end",
    )


class MarketsView(APIView):
    """What is traded here, and by which rules."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="markets", tags=["market data"], responses={200: MarketSerializer(many=True), **errors()}
    )
    def get(self, request: Request) -> Response:
        return Response(MarketSerializer(markets(), many=True).data)


class MarketView(APIView):
    """One of them."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="market", tags=["market data"], responses={200: MarketSerializer, **errors(404)}
    )
    def get(self, request: Request, symbol: str) -> Response:
        return Response(MarketSerializer(market_by_symbol(symbol)).data)
