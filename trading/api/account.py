"""What one owns and what happened to it.

GET /api/v1/account · account/{user_id} · fills · ledger    POST /api/v1/faucet
"""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import signed_in
from accounts.api.permissions import IsStaff
from accounts.models import Posting, User
from accounts.services import claim_faucet
from common.api.fields import Milliseconds, MoneyString
from common.api.query import query_integer
from common.api.schema import errors
from common.api.serializers import StrictSerializer
from common.errors import ErrorCode, Refused
from common.money import EXACT
from risk.selectors import (
    margin_standing,
    open_liquidations,
    open_positions,
    perpetual_account,
    places_in_line,
)
from trading import selectors
from trading.api.market_data import SignedMoneyString
from trading.api.risk_serializers import LiquidationSerializer, MarginSerializer, PositionSerializer
from trading.api.serializers import FillSerializer
from trading.api.trading_view import ACCOUNT, SYMBOL, TradingView, asked_symbol
from trading.models import Trade
from trading.presentation import fill_json

_TAGS = ["account"]


class BalanceSerializer(serializers.Serializer):
    asset = serializers.CharField()
    total = MoneyString()
    available = MoneyString(help_text="can be spent")
    held = MoneyString(help_text="reserved by open orders and positions")


class AccountSerializer(MarginSerializer):
    """What one owns and risks; all but `balances` in `equity_asset`."""

    user_id = serializers.IntegerField()
    username = serializers.CharField()
    tier = serializers.ChoiceField(User.Tier.choices)
    balances = BalanceSerializer(many=True)
    equity = SignedMoneyString(help_text="all balances at index prices, and unrealised profits and losses")
    equity_asset = serializers.CharField()
    positions = PositionSerializer(many=True, help_text="of perpetuals, those that are open")
    liquidations = LiquidationSerializer(many=True, help_text="warnings and liquidations that are not over")
    unpriced = serializers.ListField(
        child=serializers.CharField(), help_text="assets left out of equity because they have no price"
    )


class PostingSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    transaction_id = serializers.IntegerField()
    kind = serializers.CharField(source="transaction.kind")
    asset = serializers.CharField()
    amount = SignedMoneyString(help_text="negative: taken")
    reference = serializers.CharField(source="transaction.reference", help_text="for a trade, its id")
    reason = serializers.CharField(source="transaction.reason")
    time = Milliseconds(source="transaction.created_at")


class AccountView(TradingView):
    """What one owns, and what it is worth."""

    serializer_class = AccountSerializer

    @extend_schema(operation_id="account", tags=_TAGS, responses={200: AccountSerializer, **errors(401, 403)})
    def get(self, request: Request) -> Response:
        return Response(_account_json(signed_in(request)))


class OtherAccountView(TradingView):
    """Another user's account, for staff; one's own for anybody."""

    serializer_class = AccountSerializer

    @extend_schema(
        operation_id="account_of_user",
        tags=["staff"],
        responses={200: AccountSerializer, **errors(401, 403, 404)},
    )
    def get(self, request: Request, user_id: int) -> Response:
        if user_id == signed_in(request).pk:
            return Response(_account_json(signed_in(request)))
        if not IsStaff().has_permission(request, self):
            raise Refused(ErrorCode.PERMISSION_DENIED)
        user = User.objects.select_related("account").filter(pk=user_id, account__isnull=False).first()
        if user is None:
            raise Refused(ErrorCode.NOT_FOUND)
        return Response(_account_json(user))


class FillsView(TradingView):
    """Own trades with their fees, newest first."""

    serializer_class = FillSerializer
    queryset = Trade.objects.none()

    @extend_schema(
        operation_id="fills",
        tags=_TAGS,
        parameters=[
            SYMBOL,
            ACCOUNT,
            OpenApiParameter("order_id", int, description="only this order"),
        ],
        responses={200: FillSerializer(many=True), **errors(400, 401, 403, 404)},
    )
    def get(self, request: Request) -> Response:
        order_id = query_integer(request, "order_id")
        account_id = self.named_account_id
        rows: Any = selectors.fills(account_id, asked_symbol(request), order_id)
        page = self.paginate_queryset(rows) or []
        return self.get_paginated_response([fill_json(trade, account_id) for trade in page])


class LedgerView(TradingView):
    """Every posting of one's account, newest first; a balance is the sum of these."""

    serializer_class = PostingSerializer
    queryset = Posting.objects.none()

    @extend_schema(
        operation_id="ledger",
        tags=_TAGS,
        parameters=[ACCOUNT],
        responses={200: PostingSerializer(many=True), **errors(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        rows = Posting.objects.filter(account_id=self.named_account_id).select_related("transaction")
        page = self.paginate_queryset(rows) or []
        return self.get_paginated_response(PostingSerializer(page, many=True).data)


class FaucetView(TradingView):
    """Test money. Only in demo mode."""

    serializer_class = AccountSerializer

    @extend_schema(
        operation_id="faucet",
        tags=_TAGS,
        request=None,
        responses={200: AccountSerializer, **errors(400, 401, 403, 404, 413, 415, 422)},
    )
    def post(self, request: Request) -> Response:
        StrictSerializer(data=request.data).is_valid(raise_exception=True)
        if not settings.DEMO:
            raise Refused(ErrorCode.NOT_FOUND, "There is a faucet only in demo mode.")
        claim_faucet(signed_in(request), settings.FAUCET_AMOUNTS, settings.FAUCET_CLAIMS)
        return Response(_account_json(signed_in(request)))


def _account_json(user: User) -> dict[str, Any]:
    account_id = user.account.pk
    holdings = selectors.holdings(account_id)
    account = perpetual_account(account_id)
    places = places_in_line(account_id) if account.open_markets() else {}
    margin = margin_standing(account)
    profit = EXACT.subtract(margin.unrealised_profit, margin.funding_due)
    data = AccountSerializer(
        {
            "user_id": user.pk,
            "username": user.username,
            "tier": user.tier,
            **holdings._asdict(),
            **margin._asdict(),
            "equity": EXACT.add(holdings.equity, profit),
            "positions": open_positions(account, places),
            "liquidations": open_liquidations(account_id),
        }
    ).data
    return dict(data)
