"""/api/v1/auth/two-factor: its state, and setting it up, renewing its recovery codes, disabling it"""

from io import BytesIO
from typing import Any

import segno
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import signed_in
from accounts.api.log_in import CODE_HELP, MAX_CODE_CHARACTERS, MAX_PASSWORD_CHARACTERS, PASSWORD
from accounts.api.permissions import IsPerson
from accounts.selectors import second_factor_of
from accounts.services import (
    confirm_second_factor,
    disable_second_factor,
    enrol_second_factor,
    renew_recovery_codes,
)
from common.api.address import client_address
from common.api.fields import Milliseconds, StrictString
from common.api.schema import errors
from common.api.serializers import StrictSerializer

SECRET = {"Cache-Control": "no-store"}  # nobody on the way may keep it


class PasswordOnly(StrictSerializer):
    password = StrictString(max_length=MAX_PASSWORD_CHARACTERS, trim_whitespace=False, style=PASSWORD)


class CodeOnly(StrictSerializer):
    otp = StrictString(max_length=MAX_CODE_CHARACTERS, help_text="what the authenticator app shows now")


class PasswordAndCode(PasswordOnly):
    otp = StrictString(required=False, max_length=MAX_CODE_CHARACTERS, help_text=CODE_HELP)


class State(serializers.Serializer):
    enabled = serializers.BooleanField()
    enabled_at = Milliseconds(allow_null=True)
    recovery_codes_left = serializers.IntegerField()


class Seed(serializers.Serializer):
    secret = serializers.CharField(help_text="to type into an authenticator app (base32)")
    uri = serializers.CharField(help_text="the same as an otpauth:// address")
    qr_svg = serializers.CharField(help_text="the address as a QR code, an SVG picture")


class Codes(serializers.Serializer):
    recovery_codes = serializers.ListField(
        child=serializers.CharField(), help_text="each works once in place of a code; shown only now"
    )


class TwoFactorView(APIView):
    permission_classes = [IsPerson]

    @extend_schema(operation_id="two_factor", tags=["security"], responses={200: State, **errors(401, 403)})
    def get(self, request: Request) -> Response:
        """Whether you have a second factor, and how many recovery codes are left."""
        found = second_factor_of(signed_in(request))
        return Response(
            State(
                {
                    "enabled": found.enabled_at is not None,
                    "enabled_at": found.enabled_at,
                    "recovery_codes_left": found.recovery_codes_left,
                }
            ).data
        )


class EnrolView(APIView):
    permission_classes = [IsPerson]

    @extend_schema(
        operation_id="two_factor_enrol",
        tags=["security"],
        request=PasswordOnly,
        responses={200: Seed, **errors(400, 401, 403, 409, 413, 415)},
    )
    def post(self, request: Request) -> Response:
        """A secret for your authenticator app; it counts once you have confirmed a code of it."""
        asked = _read(PasswordOnly, request)
        seed = enrol_second_factor(signed_in(request), asked["password"], client_address(request._request))
        shown = {"secret": seed.secret, "uri": seed.uri, "qr_svg": _qr_svg(seed.uri)}
        return Response(Seed(shown).data, headers=SECRET)


class ConfirmView(APIView):
    permission_classes = [IsPerson]

    @extend_schema(
        operation_id="two_factor_confirm",
        tags=["security"],
        request=CodeOnly,
        responses={200: Codes, **errors(400, 401, 403, 409, 413, 415)},
    )
    def post(self, request: Request) -> Response:
        """From now on signing in takes a code. The answer shows ten recovery codes once."""
        codes = confirm_second_factor(signed_in(request), _read(CodeOnly, request)["otp"])
        return Response({"recovery_codes": codes}, headers=SECRET)


class RecoveryCodesView(APIView):
    permission_classes = [IsPerson]

    @extend_schema(
        operation_id="two_factor_recovery_codes",
        tags=["security"],
        request=PasswordAndCode,
        responses={200: Codes, **errors(400, 401, 403, 409, 413, 415)},
    )
    def post(self, request: Request) -> Response:
        """Ten new recovery codes, shown once; the old ones end."""
        asked, address = _read(PasswordAndCode, request), client_address(request._request)
        codes = renew_recovery_codes(signed_in(request), asked["password"], asked.get("otp"), address)
        return Response({"recovery_codes": codes}, headers=SECRET)


class DisableView(APIView):
    permission_classes = [IsPerson]

    @extend_schema(
        operation_id="two_factor_disable",
        tags=["security"],
        request=PasswordAndCode,
        responses={204: None, **errors(400, 401, 403, 409, 413, 415)},
    )
    def post(self, request: Request) -> Response:
        """From now on your password alone signs you in. Keys with the scope withdraw are revoked."""
        asked, address = _read(PasswordAndCode, request), client_address(request._request)
        disable_second_factor(signed_in(request), asked["password"], asked.get("otp"), address)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _read(kind: type[StrictSerializer], request: Request) -> dict[str, Any]:
    asked = kind(data=request.data)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)


def _qr_svg(text: str) -> str:
    picture = BytesIO()
    segno.make(text, micro=False).save(picture, kind="svg", xmldecl=False, border=2, light="#fff", scale=5)
    return picture.getvalue().decode()
