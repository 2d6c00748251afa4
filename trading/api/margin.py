"""The margin account (docs/spot-margin.md).

GET /api/v1/margin · margin/loans    POST margin/transfer · margin/borrow · margin/repay
"""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import signed_in
from accounts.models import User
from accounts.selectors import margin_account_of
from common import clock
from common.api.schema import errors
from risk.models import Loan
from risk.selectors.borrowing_power import loans_of, margin_overview
from risk.spot_margin import WARN_AT
from trading.api.margin_serializers import (
    BorrowSerializer,
    LoanSerializer,
    MarginSerializer,
    RepaySerializer,
    TransferSerializer,
)
from trading.api.serializers import MARGIN
from trading.api.trading_view import TradingView
from trading.services.margin_account import borrow, repay, transfer

_TAGS = ["margin"]
_REFUSED = errors(400, 401, 403, 413, 415, 422)


class MarginView(TradingView):
    serializer_class = MarginSerializer

    @extend_schema(operation_id="margin", tags=_TAGS, responses={200: MarginSerializer, **errors(401, 403)},
                   description="What the margin account has, owes and may borrow.")  # fmt: skip
    def get(self, request: Request) -> Response:
        return Response(margin_json(signed_in(request)))


class LoansView(TradingView):
    serializer_class = LoanSerializer
    queryset = Loan.objects.none()

    @extend_schema(operation_id="margin_loans", tags=_TAGS,
                   responses={200: LoanSerializer(many=True), **errors(400, 401, 403)},
                   description="Own loans, open and closed, newest first.")  # fmt: skip
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(loans_of(margin_account_of(self.account_id))) or []
        return self.get_paginated_response(LoanSerializer(page, many=True).data)


class MarginActionView(TradingView):
    """Reads the request, acts, and shows the margin account as it then stands."""

    def post(self, request: Request) -> Response:
        serializer = self.serializer_class(data=request.data)
        serializer.is_valid(raise_exception=True)
        user = signed_in(request)
        self.act(user, serializer.validated_data)
        return Response(margin_json(user))

    def act(self, user: User, asked: dict[str, Any]) -> None:
        raise NotImplementedError


class TransferView(MarginActionView):
    serializer_class = TransferSerializer

    @extend_schema(operation_id="margin_transfer", tags=_TAGS, request=TransferSerializer,
                   responses={200: MarginSerializer, **_REFUSED},
                   description="Move money between your own account and the margin account.")  # fmt: skip
    def post(self, request: Request) -> Response:
        return super().post(request)

    def act(self, user: User, asked: dict[str, Any]) -> None:
        transfer(user, asked["asset"], asked["amount"], to_margin=asked["to"] == MARGIN)


class BorrowView(MarginActionView):
    serializer_class = BorrowSerializer

    @extend_schema(operation_id="margin_borrow", tags=_TAGS, request=BorrowSerializer,
                   responses={200: MarginSerializer, **_REFUSED},
                   description="Borrow to the margin account, up to (tier's leverage - 1) x equity in all. "
                   "Each hour begun is charged, the first one at once.")  # fmt: skip
    def post(self, request: Request) -> Response:
        return super().post(request)

    def act(self, user: User, asked: dict[str, Any]) -> None:
        borrow(user, asked["asset"], asked["amount"])


class RepayView(MarginActionView):
    serializer_class = RepaySerializer

    @extend_schema(operation_id="margin_repay", tags=_TAGS, request=RepaySerializer,
                   responses={200: MarginSerializer, **_REFUSED},
                   description="Pay back from what the margin account has available: interest first. More than is "
                   "owed pays what is owed.")  # fmt: skip
    def post(self, request: Request) -> Response:
        return super().post(request)

    def act(self, user: User, asked: dict[str, Any]) -> None:
        repay(user, asked["asset"], asked.get("amount"))


def margin_json(user: User) -> dict[str, Any]:
    found = margin_overview(user, margin_account_of(user.account.pk), clock.now())
    stands, row = found.standing, found.liquidation
    liquidation = row and {
        "id": row.pk, "status": row.status, "started_at": row.started_at, "steps": found.steps,
    }  # fmt: skip
    shown = {
        "assets_value": stands.assets, "collateral": stands.collateral, "debt": stands.debt,
        "equity": stands.equity, "maintenance_margin": stands.maintenance_margin,
        "warning_margin": stands.maintenance_margin * WARN_AT, "level": stands.level, "unpriced": stands.unpriced,
    }  # fmt: skip
    return dict(MarginSerializer(found._asdict() | shown | {"liquidation": liquidation}).data)
