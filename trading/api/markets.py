"""GET /api/v1/markets · GET /api/v1/markets/{symbol}"""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.api.fields import Milliseconds, MoneyString, SignedMoneyString
from common.api.schema import errors
from market.models import Market
from market.selectors import market_by_symbol, markets
from risk.selectors import contracts


class BracketSerializer(serializers.Serializer):
    """What holds for positions from so large up to where the next bracket begins."""

    floor = MoneyString(help_text="notional from which it holds, in quote")
    maximum_leverage = serializers.IntegerField(help_text="your tier may allow less")
    maintenance_rate = MoneyString(help_text="share of what of the notional lies in this bracket")


class ContractSerializer(serializers.Serializer):
    """The terms of a perpetual beyond those of any market (docs/margin.md)."""

    underlying = serializers.CharField(source="underlying.symbol", help_text="the market of the index")
    funding_interval_seconds = serializers.IntegerField()
    interest_rate = SignedMoneyString(help_text="per funding interval")
    funding_cap = MoneyString(help_text="the most that is paid per interval, as a share")
    impact_notional = MoneyString(help_text="the premium is that of a trade this large, in quote")
    basis_window_seconds = serializers.IntegerField(help_text="over which the mark averages the book")
    stale_after_seconds = serializers.IntegerField(help_text="a source older than this is left out")
    liquidation_fee = MoneyString(help_text="the most of a liquidated notional that the insurance fund gets")
    brackets = BracketSerializer(many=True)


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
    contract = serializers.SerializerMethodField(help_text="of a perpetual; null on spot")

    @extend_schema_field(ContractSerializer(allow_null=True))
    def get_contract(self, market: Market) -> dict[str, Any] | None:
        if market.kind == Market.Kind.SPOT:
            return None
        known: Any = self.context
        if "contracts" not in known:  # once for a whole list, and not at all without a perpetual
            known["contracts"] = contracts()
        contract = known["contracts"].get(market.pk)
        return None if contract is None else dict(ContractSerializer(contract).data)


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
