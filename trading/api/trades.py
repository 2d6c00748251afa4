"""Trades: one's own in one step, and everybody's newest.

POST /api/v1/trades/ · GET /api/v1/trades/recent · GET /api/v1/trades/{trade_id}
"""

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import signed_in
from accounts.api.permissions import TradeScope
from common.api.fields import MoneyString, StrictChoice, StrictInteger, StrictString
from common.api.pagination import DEFAULT_LIMIT, MAX_LIMIT, read_limit
from common.api.query import refuse_unknown_parameters
from common.api.schema import errors
from common.api.serializers import StrictSerializer
from common.money import format_decimal
from trading.api.market_data import TradeSerializer
from trading.api.serializers import ClientOrderId, PlacedOrderSerializer
from trading.api.simulated_margin import MOST_LEVERAGE, SIDES
from trading.presentation import average, placed_json, public_trade_json
from trading.recent_trades import recent_trades
from trading.selectors.market_data import public_trade
from trading.services import PlacedOrder, place_trade


class PlaceTradeSerializer(StrictSerializer):
    """A market order, or with a price a limit order."""

    symbol = StrictString(max_length=24, trim_whitespace=False)
    side = StrictChoice(
        [(side, side) for side in SIDES],
        help_text="`buy` is `long`, `sell` is `short`; on spot only the first of each",
    )
    size = MoneyString(positive=True, help_text="in base")
    price = MoneyString(
        positive=True, required=False, allow_null=True, help_text="without one: at the market"
    )
    leverage = StrictInteger(
        min_value=1, max_value=MOST_LEVERAGE, required=False, allow_null=True,
        help_text="of perpetuals; set first, as `POST /api/v1/leverage` does, and kept even if the order is refused",
    )  # fmt: skip
    client_order_id = ClientOrderId()


class PlacedTradeSerializer(PlacedOrderSerializer):
    """The order as it stands after matching, and in `trade` what it took at once, all fills together."""

    trade = inline_serializer(
        "TradeSummary",
        {
            "ids": serializers.ListField(child=serializers.IntegerField()),
            "size": MoneyString(help_text="in base"),
            "price": MoneyString(
                allow_null=True, help_text="on average, to 8 decimals; null if nothing traded"
            ),
            "notional": MoneyString(help_text="in quote"),
            "fee": MoneyString(),
            "fee_asset": serializers.CharField(allow_null=True),
        },
    )


class PublicTradeSerializer(TradeSerializer):
    symbol = serializers.CharField()


class PlaceTradeView(APIView):
    """A trade is a real order through the real book, never a made-up fill."""

    permission_classes = [TradeScope]

    @extend_schema(
        operation_id="place_trade",
        tags=["perpetuals"],
        request=PlaceTradeSerializer,
        responses={
            201: PlacedTradeSerializer,
            200: PlacedTradeSerializer,
            **errors(400, 401, 403, 404, 409, 413, 415, 422),
        },
    )
    def post(self, request: Request) -> Response:
        serializer = PlaceTradeSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        placed = place_trade(signed_in(request).account.pk, **serializer.validated_data)
        code = status.HTTP_200_OK if placed.replayed else status.HTTP_201_CREATED
        return Response(placed_trade_json(placed), status=code)


class RecentTradesView(APIView):
    """The newest trades of all markets, or of one, newest first; older ones are in `trades/{symbol}`."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="recent_trades",
        tags=["market data"],
        parameters=[
            OpenApiParameter("symbol", str, description="only this market"),
            OpenApiParameter("limit", int, default=DEFAULT_LIMIT, description=f"1 to {MAX_LIMIT}"),
        ],
        responses={
            200: inline_serializer("RecentTrades", {"results": PublicTradeSerializer(many=True)}),
            **errors(400, 404),
        },
    )
    def get(self, request: Request) -> Response:
        refuse_unknown_parameters(request, "symbol", "limit")
        symbol = request.query_params.get("symbol")
        return Response({"results": recent_trades(symbol, read_limit(request))})


class TradeView(APIView):
    """One trade of any market."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="trade", tags=["market data"], responses={200: PublicTradeSerializer, **errors(404)}
    )
    def get(self, request: Request, trade_id: int) -> Response:
        trade = public_trade(trade_id)
        return Response(public_trade_json(trade, trade.market.symbol))


def placed_trade_json(placed: PlacedOrder) -> dict[str, Any]:
    """As PlacedTradeSerializer describes it."""
    order, fills = placed_json(placed), list(placed.fills)
    size = sum((fill.quantity for fill in fills), Decimal(0))
    notional = sum((fill.cost for fill in fills), Decimal(0))
    fee = sum((Decimal(fill["fee"]) for fill in order["fills"]), Decimal(0))
    summary = {
        "ids": [fill.id for fill in fills],
        "size": format_decimal(size),
        "price": format_decimal(average(notional, size)) if fills else None,
        "notional": format_decimal(notional),
        "fee": format_decimal(fee),
        "fee_asset": order["fills"][0]["fee_asset"] if fills else None,
    }
    return order | {"trade": summary}
