"""GET /api/v1/markets/{symbol}/auction"""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.api.fields import MoneyString
from common.api.schema import errors
from market.models import Market
from trading import selectors


class AuctionSerializer(serializers.Serializer):
    symbol = serializers.CharField()
    sequence = serializers.IntegerField(help_text="events of the market so far")
    status = serializers.ChoiceField(choices=Market.Status.choices)
    ends_at = serializers.IntegerField(
        allow_null=True,
        help_text="milliseconds; null without an auction, or until staff have set its end",
    )
    price = MoneyString(allow_null=True, help_text="at which all would trade; null if nothing would")
    quantity = MoneyString(help_text="that would trade, in base")
    wanted = MoneyString(help_text="what buyers at this price would not get")
    offered = MoneyString(help_text="what sellers at this price would not sell")


class AuctionView(APIView):
    """What the call auction would come to if it ended now. Without an auction the book is not crossed, and nothing
    would trade."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="auction", tags=["market data"], responses={200: AuctionSerializer, **errors(404)}
    )
    def get(self, request: Request, symbol: str) -> Response:
        return Response(AuctionSerializer(selectors.call_auction(symbol)).data)
