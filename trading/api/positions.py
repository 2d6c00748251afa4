"""Positions in perpetuals, and how much is risked with them.

GET /api/v1/positions · GET, POST leverage · POST positions/{symbol}/margin · positions/{symbol}/close
GET /api/v1/liquidations · exposure
"""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.permissions import IsStaff
from common.api.fields import MoneyString, StrictChoice, StrictInteger, StrictString
from common.api.query import refuse_unknown_parameters
from common.api.schema import errors
from common.api.serializers import StrictSerializer
from common.errors import ErrorCode, Refused
from risk.models import Liquidation, Position
from risk.selectors import OpenPosition, contract_terms, exposure, liquidations, position_in, positions
from trading.api.risk_serializers import ExposureSerializer, LiquidationSerializer, PositionSerializer
from trading.api.serializers import ClientOrderId, PlacedOrderSerializer
from trading.api.trading_view import ACCOUNT, SYMBOL, TradingView
from trading.presentation import placed_json
from trading.services import close_position, move_margin, set_leverage

MOST_LEVERAGE = 1000  # that a bracket can have
ADD, REMOVE = "add", "remove"
_TAGS = ["perpetuals"]


class LeverageSerializer(StrictSerializer):
    symbol = StrictString(max_length=24, trim_whitespace=False)
    leverage = StrictInteger(min_value=1, max_value=MOST_LEVERAGE)
    mode = StrictChoice(
        Position.Mode.choices,
        required=False,
        help_text="another one only while nothing is open; kept if not said",
    )


class MarginMoveSerializer(StrictSerializer):
    amount = MoneyString(positive=True, help_text="in quote")
    direction = StrictChoice([(ADD, "to the position"), (REMOVE, "from it")])


class CloseSerializer(StrictSerializer):
    client_order_id = ClientOrderId()


class PositionsView(TradingView):
    """Own open positions, by symbol."""

    serializer_class = PositionSerializer

    @extend_schema(
        operation_id="positions",
        tags=_TAGS,
        parameters=[SYMBOL],
        responses={
            200: inline_serializer("Positions", {"results": PositionSerializer(many=True)}),
            **errors(400, 401, 403, 404, 422),
        },
    )
    def get(self, request: Request) -> Response:
        refuse_unknown_parameters(request, "symbol")
        symbol = request.query_params.get("symbol")
        if symbol is not None:
            contract_terms(symbol)
        found = [each for each in positions(self.account_id) if symbol in (None, each.symbol)]
        return Response({"results": PositionSerializer(found, many=True).data})


class LeverageView(TradingView):
    """How much is risked in a contract: the position there, which may be of size 0."""

    def get_serializer_class(self) -> Any:
        return LeverageSerializer if self.request.method == "POST" else PositionSerializer

    @extend_schema(
        operation_id="leverage",
        tags=_TAGS,
        parameters=[OpenApiParameter("symbol", str, required=True)],
        responses={200: PositionSerializer, **errors(400, 401, 403, 404, 422)},
        description="NO_POSITION: nothing was chosen or done in this contract yet.",
    )
    def get(self, request: Request) -> Response:
        refuse_unknown_parameters(request, "symbol")
        symbol = request.query_params.get("symbol")
        if symbol is None:
            raise ValidationError({"symbol": ["This parameter is required."]})
        return Response(_position(self.account_id, symbol))

    @extend_schema(
        operation_id="set_leverage",
        tags=_TAGS,
        request=LeverageSerializer,
        responses={200: PositionSerializer, **errors(400, 401, 403, 404, 409, 413, 415, 422)},
        description="Another leverage, for the position that is open too if its margin bears it. LEVERAGE_TOO_HIGH: "
        "beyond what your tier, or a position this large, may have; `details` says which.",
    )
    def post(self, request: Request) -> Response:
        asked = _read(LeverageSerializer, request)
        set_leverage(self.account_id, **asked)
        return Response(_position(self.account_id, asked["symbol"]))


class PositionMarginView(TradingView):
    """Put margin to an isolated position, or take it away."""

    serializer_class = MarginMoveSerializer

    @extend_schema(
        operation_id="move_margin",
        tags=_TAGS,
        request=MarginMoveSerializer,
        responses={200: PositionSerializer, **errors(400, 401, 403, 404, 413, 415, 422)},
    )
    def post(self, request: Request, symbol: str) -> Response:
        asked = _read(MarginMoveSerializer, request)
        contract_terms(symbol)
        amount = asked["amount"] if asked["direction"] == ADD else asked["amount"].copy_negate()
        move_margin(self.account_id, symbol, amount)
        return Response(_position(self.account_id, symbol))


class ClosePositionView(TradingView):
    """Close a position at the market, by a reduce-only order."""

    serializer_class = CloseSerializer

    @extend_schema(
        operation_id="close_position",
        tags=_TAGS,
        request=CloseSerializer,
        responses={
            201: PlacedOrderSerializer,
            200: PlacedOrderSerializer,
            **errors(400, 401, 403, 404, 413, 415, 422),
        },
        description="201 with the order as it stands after matching; what the book could not take stays open.",
    )
    def post(self, request: Request, symbol: str) -> Response:
        placed = close_position(self.account_id, symbol, **_read(CloseSerializer, request))
        code = status.HTTP_200_OK if placed.replayed else status.HTTP_201_CREATED
        return Response(placed_json(placed), status=code)


class LiquidationsView(TradingView):
    """What happened when one's margin ran out, or nearly did: every step of it, newest first."""

    serializer_class = LiquidationSerializer
    queryset = Liquidation.objects.none()

    @extend_schema(
        operation_id="liquidations",
        tags=_TAGS,
        parameters=[ACCOUNT],
        responses={200: LiquidationSerializer(many=True), **errors(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        rows: Any = liquidations(self.named_account_id)
        page = self.paginate_queryset(rows) or []
        return self.get_paginated_response(LiquidationSerializer(page, many=True).data)


class ExposureView(APIView):
    """What everybody risks in perpetuals, per contract and in total, with the limits."""

    permission_classes = [IsStaff]

    @extend_schema(
        operation_id="exposure", tags=["staff"], responses={200: ExposureSerializer, **errors(401, 403)}
    )
    def get(self, request: Request) -> Response:
        return Response(ExposureSerializer(exposure()).data)


def _read(reads: type[StrictSerializer], request: Request) -> dict[str, Any]:
    serializer = reads(data=request.data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def _position(account_id: int, symbol: str) -> dict[str, Any]:
    """Raises Refused NO_POSITION."""
    found: OpenPosition | None = position_in(account_id, symbol)
    if found is None:
        raise Refused(ErrorCode.NO_POSITION)
    return dict(PositionSerializer(found).data)
