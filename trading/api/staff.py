"""POST /api/v1/markets/{symbol}/halt · /resume"""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import signed_in
from accounts.api.permissions import IsStaff
from common.api.schema import errors
from common.api.serializers import StrictSerializer
from market.api.markets import MarketSerializer
from market.models import Market
from trading.services import set_market_status

_RESPONSES = {200: MarketSerializer, **errors(400, 401, 403, 404, 413, 415)}


class HaltView(APIView):
    """A halted market takes cancels only."""

    permission_classes = [IsStaff]

    @extend_schema(operation_id="halt_market", tags=["staff"], request=None, responses=_RESPONSES)
    def post(self, request: Request, symbol: str) -> Response:
        return _set_status(request, symbol, Market.Status.HALTED)


class ResumeView(APIView):
    """Open a market again."""

    permission_classes = [IsStaff]

    @extend_schema(operation_id="resume_market", tags=["staff"], request=None, responses=_RESPONSES)
    def post(self, request: Request, symbol: str) -> Response:
        return _set_status(request, symbol, Market.Status.OPEN)


def _set_status(request: Request, symbol: str, status: Market.Status) -> Response:
    StrictSerializer(data=request.data).is_valid(raise_exception=True)
    market = set_market_status(symbol, status, by=signed_in(request))
    return Response(MarketSerializer(market).data)
