"""POST /api/v1/auth/password"""

from django.contrib.auth import update_session_auth_hash
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import signed_in
from accounts.api.log_in import (
    CODE_HELP,
    MAX_CODE_CHARACTERS,
    MAX_PASSWORD_CHARACTERS,
    PASSWORD,
    Tokens,
    tokens_answer,
)
from accounts.api.permissions import IsPerson
from accounts.api.visitors import session_id_of
from accounts.services import change_password
from common.api.address import client_address
from common.api.fields import StrictString
from common.api.schema import errors
from common.api.serializers import StrictSerializer


class NewPassword(StrictSerializer):
    current_password = StrictString(max_length=MAX_PASSWORD_CHARACTERS, trim_whitespace=False, style=PASSWORD)
    new_password = StrictString(max_length=MAX_PASSWORD_CHARACTERS, trim_whitespace=False, style=PASSWORD)
    otp = StrictString(required=False, max_length=MAX_CODE_CHARACTERS, help_text=CODE_HELP)


class PasswordView(APIView):
    permission_classes = [IsPerson]

    @extend_schema(
        operation_id="auth_password",
        tags=["security"],
        request=NewPassword,
        responses={200: Tokens, **errors(400, 401, 403, 413, 415)},
    )
    def post(self, request: Request) -> Response:
        """Changes your password. Every other session ends; yours goes on with the tokens of the answer.

        Tokens of your API keys end too, the keys themselves do not.
        """
        asked = NewPassword(data=request.data)
        asked.is_valid(raise_exception=True)
        given, session_id = asked.validated_data, session_id_of(request)
        assert session_id is not None, "a person is in a session"
        user, address = signed_in(request), client_address(request._request)
        pair = change_password(
            user, given["current_password"], given["new_password"], given.get("otp"), address, session_id
        )
        user.refresh_from_db()
        if request.auth is None:
            update_session_auth_hash(request._request, user)  # a browser with a cookie stays signed in
        return tokens_answer(pair)
