"""Every address of the exchange, POST /idle/orders and GET /idle."""

from django.http import HttpRequest, JsonResponse
from django.urls import include, path
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.permissions import TradeScope
from trading.api.serializers import NewOrderSerializer

ANSWER = {"id": "1", "symbol": "BTC-USDT", "status": "open", "fills": []}


class IdleOrdersView(GenericAPIView):
    """Who may place an order may post one here, and it is read and checked like any other; then nothing is done."""

    permission_classes = [TradeScope]
    serializer_class = NewOrderSerializer

    def post(self, request: Request) -> Response:
        serializer = NewOrderSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        serializer.new_order()
        return Response(ANSWER, status=201)


def idle(request: HttpRequest) -> JsonResponse:
    return JsonResponse(ANSWER)


urlpatterns = [
    path("idle", idle),
    path("idle/orders", IdleOrdersView.as_view()),
    path("", include("exchange_site.urls")),
]
