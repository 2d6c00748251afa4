"""POST /api/v1/auth/token, /auth/token/refresh and /auth/logout"""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.visitors import visitor_of
from accounts.models import User
from accounts.services import TokenPair, check_key, check_password, end_tokens, issue_tokens, refresh_tokens
from common.api.address import client_address
from common.api.fields import StrictString
from common.api.schema import errors
from common.api.serializers import StrictSerializer

MAX_PASSWORD_CHARACTERS = 128
MAX_CODE_CHARACTERS = 32
PASSWORD = {"input_type": "password"}
CODE_HELP = "who has a second factor gives a one-time code of it, or a recovery code"


class Credentials(StrictSerializer):
    """Either a user name and a password (and a one-time code, who has a second factor), or an API key."""

    username = StrictString(required=False, max_length=150, trim_whitespace=False)
    password = StrictString(
        required=False, max_length=MAX_PASSWORD_CHARACTERS, trim_whitespace=False, style=PASSWORD
    )
    otp = StrictString(required=False, max_length=MAX_CODE_CHARACTERS, help_text=CODE_HELP)
    api_key = StrictString(required=False, max_length=128, trim_whitespace=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if set(attrs) - {"otp"} != {"username", "password"} and set(attrs) != {"api_key"}:
            raise serializers.ValidationError("Give either username and password, or api_key.")
        return attrs


class Refresh(StrictSerializer):
    refresh = StrictString(max_length=4096)


class Tokens(serializers.Serializer):
    access = serializers.CharField(help_text="goes into `Authorization: Bearer <access>`")
    refresh = serializers.CharField(help_text="works once, for the next pair; a second time ends the session")
    expires_in = serializers.IntegerField(help_text="seconds until the access token ends")
    tier = serializers.ChoiceField(choices=User.Tier.choices)
    is_staff = serializers.BooleanField(
        help_text="whether the token opens what is for staff; a key's never does"
    )


class TokenView(APIView):
    """Tokens for a password or an API key.

    A key's token has the key's scopes and ends with the key. Who has a second factor gives a one-time code with
    the password. After too many failures within a minute the address and the user have to wait.
    """

    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="auth_token",
        tags=["identity"],
        request=Credentials,
        responses={200: Tokens, **errors(400, 401, 403, 413, 415)},
        examples=[
            OpenApiExample(
                "a person", value={"username": "alice", "password": "demo-pass-1"}, request_only=True
            ),
            OpenApiExample("a program", value={"api_key": "beginner-key"}, request_only=True),
        ],
    )
    def post(self, request: Request) -> Response:
        asked = Credentials(data=request.data)
        asked.is_valid(raise_exception=True)
        given, address = asked.validated_data, client_address(request._request)
        if "api_key" in given:
            key = check_key(given["api_key"], address)
            return tokens_answer(issue_tokens(key.user, key, visitor_of(request._request)))
        user = check_password(given["username"], given["password"], address, given.get("otp"))
        return tokens_answer(issue_tokens(user, visitor=visitor_of(request._request)))


class RefreshView(APIView):
    """A new pair of tokens for a refresh token, which thereby ends; presented again it ends its session."""

    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="auth_token_refresh",
        tags=["identity"],
        request=Refresh,
        responses={200: Tokens, **errors(400, 401, 403, 413, 415)},
    )
    def post(self, request: Request) -> Response:
        asked = Refresh(data=request.data)
        asked.is_valid(raise_exception=True)
        return tokens_answer(
            refresh_tokens(asked.validated_data["refresh"], client_address(request._request))
        )


class LogoutView(APIView):
    """Signs out: ends the session of a refresh token, and its access tokens with it."""

    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="auth_logout",
        tags=["identity"],
        request=Refresh,
        responses={204: None, **errors(400, 401, 413, 415)},
    )
    def post(self, request: Request) -> Response:
        asked = Refresh(data=request.data)
        asked.is_valid(raise_exception=True)
        end_tokens(asked.validated_data["refresh"])
        return Response(status=status.HTTP_204_NO_CONTENT)


def tokens_answer(pair: TokenPair) -> Response:
    # Nobody on the way may keep it.
    return Response(Tokens(pair).data, headers={"Cache-Control": "no-store"})
