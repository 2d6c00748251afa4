"""What every view of one's own trading shares: who may, and which of one's accounts is meant."""

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.api.authentication import signed_in
from accounts.api.permissions import ReadScope, TradeScope
from accounts.selectors import margin_account_of
from common.api.pagination import CursorPage
from common.errors import ErrorCode, Refused
from market.selectors import market_by_symbol
from trading.api.serializers import MAIN, MARGIN, OrderSerializer
from trading.matching_service.requests import NOBODY
from trading.models import Order

SYMBOL = OpenApiParameter("symbol", str, description="only this market")
ACCOUNT = OpenApiParameter(
    "account", str, enum=[MAIN, MARGIN], description="which of your accounts; `main` if nothing is said"
)

T = TypeVar("T")


class TradingView(GenericAPIView):
    """Reading takes the scope `read`, anything else `trade`."""

    serializer_class: Any = OrderSerializer
    pagination_class = CursorPage
    queryset: Any = Order.objects.none()

    def get_permissions(self) -> list[BasePermission]:
        return [ReadScope() if self.request.method in SAFE_METHODS else TradeScope()]

    @property
    def account_id(self) -> int:
        """The user's own account."""
        return signed_in(self.request).account.pk

    @property
    def margin_account_id(self) -> int:
        """That of nobody until the first transfer to it."""
        account = margin_account_of(self.account_id)
        return NOBODY if account is None else account.pk

    @property
    def named_account_id(self) -> int:
        """As the query says. Raises ValidationError."""
        return self.margin_account_id if named_account(self.request) == MARGIN else self.account_id

    def with_account_of(self, reference: str, act: Callable[[int], T]) -> T:
        """Do something to an order: an id is looked for in both accounts, a client order id where the query says.

        Raises Refused ORDER_NOT_FOUND, and ValidationError for what is no account.
        """
        if named_account(self.request) is not None or not reference.isdigit():
            return act(self.named_account_id)
        try:
            return act(self.account_id)
        except Refused as refused:
            if refused.code is not ErrorCode.ORDER_NOT_FOUND:
                raise
            return act(self.margin_account_id)


def named_account(request: Request) -> str | None:
    """Raises ValidationError for what is no account."""
    name = request.query_params.get("account")
    if name not in (None, MAIN, MARGIN):
        raise ValidationError({"account": [f"Must be {MAIN} or {MARGIN}."]})
    return name


def asked_symbol(request: Request) -> str | None:
    symbol = request.query_params.get("symbol")
    return None if symbol is None else market_by_symbol(symbol).symbol
