"""POST /api/v1/markets/{symbol}/halt · /resume · /status · POST /api/v1/markets/halt-all · resume-all"""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import signed_in
from accounts.api.permissions import IsStaff
from accounts.models import User
from common.api.fields import StrictChoice, StrictInteger, StrictString
from common.api.schema import errors
from common.api.serializers import StrictSerializer
from common.errors import ErrorCode, Refused
from market.models import Market
from trading.api.markets import MarketSerializer
from trading.market_states import LONGEST_AUCTION_SECONDS
from trading.services import AllMarkets, resume_matching, set_market_status, suspend_matching

MOST_REASON_CHARACTERS = 200
_RESPONSES = {200: MarketSerializer, **errors(400, 401, 403, 404, 413, 415)}
_LEADS_TO_AN_AUCTION = (Market.Status.OPEN, Market.Status.AUCTION)


def _auction_seconds() -> StrictInteger:
    return StrictInteger(
        required=False,
        min_value=0,
        max_value=LONGEST_AUCTION_SECONDS,
        help_text="how long orders are collected before the market opens",
    )


class ResumeSerializer(StrictSerializer):
    auction_seconds = _auction_seconds()


class StatusSerializer(StrictSerializer):
    status = StrictChoice(choices=Market.Status.choices)
    auction_seconds = _auction_seconds()

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        if "auction_seconds" in data and data["status"] not in _LEADS_TO_AN_AUCTION:
            raise serializers.ValidationError({"auction_seconds": ["Only with status open or auction."]})
        return data


class ReasonSerializer(StrictSerializer):
    reason = StrictString(
        required=False, max_length=MOST_REASON_CHARACTERS, help_text="kept in the history with your name"
    )


class AllMarketsSerializer(serializers.Serializer):
    changed = serializers.ListField(child=serializers.CharField(), help_text="symbols")
    left = serializers.ListField(
        child=serializers.CharField(),
        help_text="symbols of those that this was not about, such as halted ones",
    )


_ALL_RESPONSES = {200: AllMarketsSerializer, **errors(400, 401, 403, 413, 415)}


class HaltView(APIView):
    """A halted market takes cancels only."""

    permission_classes = [IsStaff]

    @extend_schema(operation_id="halt_market", tags=["staff"], request=None, responses=_RESPONSES)
    def post(self, request: Request, symbol: str) -> Response:
        return _change(request, symbol, StrictSerializer, Market.Status.HALTED)


class ResumeView(APIView):
    """Open a market. A halted one first collects orders, for as long as its rules or `auction_seconds` say, and
    then trades all that cross at one price; an auction under way is never made longer."""

    permission_classes = [IsStaff]

    @extend_schema(
        operation_id="resume_market", tags=["staff"], request=ResumeSerializer, responses=_RESPONSES
    )
    def post(self, request: Request, symbol: str) -> Response:
        return _change(request, symbol, ResumeSerializer, Market.Status.OPEN)


class StatusView(APIView):
    """Any state: `open` and `halted` as above; `post_only` takes orders that cannot trade at once, `cancel_only`
    cancels; `auction` collects orders for `auction_seconds`, or until the market is opened."""

    permission_classes = [IsStaff]

    @extend_schema(
        operation_id="set_market_status", tags=["staff"], request=StatusSerializer, responses=_RESPONSES
    )
    def post(self, request: Request, symbol: str) -> Response:
        return _change(request, symbol, StatusSerializer)


class HaltAllView(APIView):
    """Suspend matching: halt every market that is not halted, at once. Orders stay, and can be cancelled. Safe to
    repeat: with UNAVAILABLE, `details` names the markets that could not be reached."""

    permission_classes = [IsStaff]

    @extend_schema(
        operation_id="suspend_matching", tags=["staff"], request=ReasonSerializer, responses=_ALL_RESPONSES
    )
    def post(self, request: Request) -> Response:
        return _change_all(request, suspend_matching)


class ResumeAllView(APIView):
    """Resume matching: what `halt-all` halted goes back to the state it was in, an open market through a call
    auction. What was halted before, or changed by name since, is left."""

    permission_classes = [IsStaff]

    @extend_schema(
        operation_id="resume_matching", tags=["staff"], request=ReasonSerializer, responses=_ALL_RESPONSES
    )
    def post(self, request: Request) -> Response:
        return _change_all(request, resume_matching)


def _change_all(request: Request, change: Callable[[User, str], AllMarkets]) -> Response:
    serializer = ReasonSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    changed, left, failed = change(signed_in(request), serializer.validated_data.get("reason", ""))
    if failed:
        raise Refused(ErrorCode.UNAVAILABLE, failed=failed, changed=changed)
    return Response({"changed": changed, "left": left})


def _change(
    request: Request, symbol: str, reads: type[StrictSerializer], status: str | None = None
) -> Response:
    serializer = reads(data=request.data)
    serializer.is_valid(raise_exception=True)
    asked = serializer.validated_data
    market = set_market_status(
        symbol, status or asked["status"], by=signed_in(request), auction_seconds=asked.get("auction_seconds")
    )
    return Response(MarketSerializer(market).data)
