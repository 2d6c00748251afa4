"""Prices from outside and what follows from them.

GET /api/v1/market/price/{symbol} · funding/{symbol}
POST /api/v1/market/tick · market/price
"""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import signed_in
from accounts.api.permissions import IsStaff
from common import clock
from common.api.fields import Milliseconds, MoneyString, SignedMoneyString, StrictString
from common.api.pagination import CursorPage
from common.api.schema import errors
from common.api.serializers import StrictSerializer
from market.models import Price
from market.selectors import price_of, sources_of
from risk.models import Contract
from risk.selectors import contract_of, fundings
from risk.services import predicted_rate
from trading.selectors.market_data import last_price
from trading.services import move_price, refresh_prices

_TAGS = ["market data"]


class SourceSerializer(serializers.Serializer):
    """What one source said last."""

    source = serializers.ChoiceField(choices=Price.Source.choices)  # type: ignore[assignment]
    price = MoneyString()
    updated_at = Milliseconds()


class PriceSerializer(serializers.Serializer):
    """Prices of a market. `index` is the price outside this exchange; `source` says where it comes from.

    Of a perpetual the index is the median of its underlying's fresh `sources`, and the funding of a spot market is
    null. Rates are shares of the position's value, per funding interval: positive when longs pay shorts.
    """

    symbol = serializers.CharField()
    last = MoneyString(allow_null=True, help_text="of the newest trade here")
    index = MoneyString(allow_null=True)
    mark = MoneyString(allow_null=True, help_text="on a spot market the index")
    source = serializers.ChoiceField(choices=Price.Source.choices, allow_null=True)  # type: ignore[assignment]
    updated_at = Milliseconds(allow_null=True)
    sources = SourceSerializer(many=True, help_text="the freshest first; of a perpetual its underlying's")
    predicted_funding_rate = SignedMoneyString(
        allow_null=True, help_text="what the next funding comes to by the premium so far"
    )
    last_funding_rate = SignedMoneyString(allow_null=True)
    next_funding_at = Milliseconds(allow_null=True)


class WrittenPriceSerializer(serializers.Serializer):
    symbol = serializers.CharField(source="market.symbol")
    index = MoneyString()
    source = serializers.ChoiceField(choices=Price.Source.choices)  # type: ignore[assignment]
    updated_at = Milliseconds()


class TickSerializer(serializers.Serializer):
    written = WrittenPriceSerializer(many=True)
    busy = serializers.BooleanField(help_text="another tick was at work, so this one wrote nothing")
    failure = serializers.CharField(allow_blank=True, help_text="why there was no price from outside")


class MovePriceSerializer(StrictSerializer):
    symbol = StrictString(max_length=24, trim_whitespace=False)
    price = MoneyString(positive=True, help_text="in quote, a multiple of the market's tick")
    reason = StrictString(required=False, max_length=200, allow_blank=True, help_text="kept in the history")


class FundingSerializer(serializers.Serializer):
    """One funding of a contract."""

    due_at = Milliseconds()
    rate = SignedMoneyString(help_text="a share of the position's value; positive: longs paid shorts")
    mark_price = MoneyString(help_text="at which positions were valued")
    premium = SignedMoneyString(help_text="of the book over the index, on average over the interval")
    samples = serializers.IntegerField(help_text="from which the premium was averaged")


class FundingPage(CursorPage):
    """A contract's fundings come one after the other, so their ids grow with their times."""


class MarketPriceView(APIView):
    """Last, index and mark price of one market; of a perpetual its funding too."""

    permission_classes = [AllowAny]

    @extend_schema(operation_id="market_price", tags=_TAGS, responses={200: PriceSerializer, **errors(404)})
    def get(self, request: Request, symbol: str) -> Response:
        return Response(PriceSerializer(_prices(symbol)).data)


class MovePriceView(APIView):
    """Set the price of a spot market by hand; the simulation walks on from there, and its perpetuals are marked at
    once. Only where prices are simulated: with PRICE_FEED=simulation, or in demo mode, where the feeds outside are
    then left alone for an hour. Otherwise PRICE_NOT_SIMULATED."""

    permission_classes = [IsStaff]

    @extend_schema(
        operation_id="move_price",
        tags=["staff"],
        request=MovePriceSerializer,
        responses={200: PriceSerializer, **errors(400, 401, 403, 404, 409, 413, 415, 422)},
    )
    def post(self, request: Request) -> Response:
        serializer = MovePriceSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        asked = serializer.validated_data
        move_price(asked["symbol"], asked["price"], signed_in(request), asked.get("reason", ""))
        return Response(PriceSerializer(_prices(asked["symbol"])).data)


class MarketTickView(APIView):
    """Refresh the prices from outside now, and with them the marks of perpetuals."""

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


class FundingView(APIView):
    """What longs paid shorts in a perpetual, newest first; nothing on a spot market."""

    permission_classes = [AllowAny]
    pagination_class = FundingPage

    @extend_schema(
        operation_id="funding", tags=_TAGS, responses={200: FundingSerializer(many=True), **errors(400, 404)}
    )
    def get(self, request: Request, symbol: str) -> Response:
        page = FundingPage()
        rows = page.paginate_queryset(fundings(symbol), request, self)
        return page.get_paginated_response(FundingSerializer(rows, many=True).data)


def _prices(symbol: str) -> dict[str, Any]:
    """As PriceSerializer shows them. Raises Refused UNKNOWN_SYMBOL."""
    price, contract = price_of(symbol), contract_of(symbol)
    mark = None if price is None or contract is not None else price.index
    return {
        "symbol": symbol,
        "last": last_price(symbol),
        "index": price.index if price else None,
        "mark": (price.mark or mark) if price else None,
        "source": price.source if price else None,
        "updated_at": price.updated_at if price else None,
        "sources": sources_of(symbol if contract is None else contract.underlying.symbol),
        **_funding(contract),
    }


def _funding(contract: Contract | None) -> dict[str, Any]:
    return {
        "predicted_funding_rate": None if contract is None else predicted_rate(contract, clock.now()),
        "last_funding_rate": None if contract is None else contract.last_funding_rate,
        "next_funding_at": None if contract is None else contract.next_funding_at,
    }
