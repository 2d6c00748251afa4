"""GET /api/v1/assets"""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.api.schema import errors
from market.selectors import assets


class AssetSerializer(serializers.Serializer):
    code = serializers.CharField()
    name = serializers.CharField()
    precision = serializers.IntegerField(help_text="decimals of the smallest unit that can be owned")


class AssetsView(APIView):
    """What can be owned here."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="assets", tags=["market data"], responses={200: AssetSerializer(many=True), **errors()}
    )
    def get(self, request: Request) -> Response:
        return Response(AssetSerializer(assets(), many=True).data)
