"""GET and POST /api/v1/api-keys, DELETE /api/v1/api-keys/{id}"""

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import signed_in
from accounts.api.log_in import CODE_HELP, MAX_CODE_CHARACTERS
from accounts.api.permissions import IsPerson, ReadScope
from accounts.models import APIKey
from accounts.services import active_api_keys, create_api_key, demand_code, revoke_api_key
from common.api.fields import Milliseconds, StrictChoice, StrictString
from common.api.pagination import CursorPage
from common.api.schema import errors
from common.api.serializers import StrictSerializer


class NewKey(StrictSerializer):
    name = StrictString(max_length=64, required=False, allow_blank=True, default="")
    scopes = serializers.ListField(child=StrictChoice(APIKey.Scope.choices), allow_empty=False, max_length=3)
    allowed_addresses = serializers.ListField(
        child=StrictString(max_length=43),
        required=False,
        max_length=50,
        default=list,
        help_text='IP addresses and networks such as "10.0.0.0/8"; none means any address',
    )
    expires_at = Milliseconds(required=False, allow_null=True, default=None)
    otp = StrictString(required=False, max_length=MAX_CODE_CHARACTERS, help_text=CODE_HELP)
    public_key = StrictString(
        max_length=512,
        required=False,
        allow_null=True,
        default=None,
        help_text="to sign requests with Ed25519: the public key, its 32 bytes in base64 or PEM; no secret is made",
    )


class Key(serializers.ModelSerializer):
    scopes = serializers.ListField(child=serializers.ChoiceField(APIKey.Scope.choices))
    allowed_addresses = serializers.ListField(child=serializers.CharField())
    expires_at = Milliseconds(allow_null=True)
    last_used_at = Milliseconds(allow_null=True, help_text="to the minute")
    created_at = Milliseconds()

    class Meta:
        model = APIKey
        fields = [
            "id",
            "name",
            "key_hint",
            "scopes",
            "allowed_addresses",
            "expires_at",
            "last_used_at",
            "created_at",
            "public_key",
        ]


class KeyWithSecret(Key):
    key = serializers.CharField(help_text="for POST /api/v1/auth/token; shown only now")
    secret = serializers.CharField(
        allow_null=True, help_text="for signatures by HMAC; shown only now; null with a public key"
    )

    class Meta(Key.Meta):
        fields = [*Key.Meta.fields, "key", "secret"]


class KeysView(GenericAPIView):
    """The keys with which programs act for a user."""

    serializer_class = Key
    pagination_class = CursorPage
    queryset = APIKey.objects.none()

    def get_permissions(self) -> list[BasePermission]:
        return [ReadScope() if self.request.method in SAFE_METHODS else IsPerson()]

    @extend_schema(
        operation_id="api_keys_list",
        tags=["identity"],
        responses={200: Key(many=True), **errors(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """Your keys that were not revoked, newest first, without their secrets."""
        keys: QuerySet[APIKey] = active_api_keys(signed_in(request))
        return self.get_paginated_response(Key(self.paginate_queryset(keys), many=True).data)

    @extend_schema(
        operation_id="api_keys_create",
        tags=["identity"],
        request=NewKey,
        responses={201: KeyWithSecret, **errors(400, 401, 403, 409, 413, 415)},
    )
    def post(self, request: Request) -> Response:
        """Makes a key; the answer shows key and secret once. Not for tokens of API keys.

        Who has a second factor gives a one-time code of it; the scope withdraw takes a second factor.
        """
        asked = NewKey(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        demand_code(signed_in(request), wanted.pop("otp", None))
        row, key, secret = create_api_key(signed_in(request), **wanted)
        shown = {**Key(row).data, "key": key, "secret": secret}
        return Response(shown, status=status.HTTP_201_CREATED, headers={"Cache-Control": "no-store"})


class KeyView(APIView):
    permission_classes = [IsPerson]

    @extend_schema(
        operation_id="api_keys_revoke",
        tags=["identity"],
        parameters=[OpenApiParameter("key_id", OpenApiTypes.INT64, OpenApiParameter.PATH)],
        responses={204: None, **errors(401, 403, 404)},
    )
    def delete(self, request: Request, key_id: int) -> Response:
        """Revokes a key; tokens made from it end at once. Not for tokens of API keys."""
        revoke_api_key(signed_in(request), key_id)
        return Response(status=status.HTTP_204_NO_CONTENT)
