"""GET /api/v1/markets"""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.api.fields import MoneyString
from common.api.schema import errors
from market.models import Market
from market.selectors import markets


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
    maker_fee = MoneyString(help_text="share of what the maker receives: 0.001 is 0.1%")
    taker_fee = MoneyString(help_text="share of what the taker receives")


class MarketsView(APIView):
    """What is traded here, and by which rules."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="markets", tags=["market data"], responses={200: MarketSerializer(many=True), **errors()}
    )
    def get(self, request: Request) -> Response:
        return Response(MarketSerializer(markets(), many=True).data)
