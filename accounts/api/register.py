"""POST /api/v1/auth/register"""

from django.core.validators import EmailValidator, RegexValidator
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.log_in import MAX_PASSWORD_CHARACTERS
from accounts.models import User
from accounts.services import register_user
from common.api.fields import Milliseconds, StrictString
from common.api.schema import errors
from common.api.serializers import StrictSerializer

USERNAME = RegexValidator(r"\A[A-Za-z0-9_.-]{3,30}\Z", "Use 3 to 30 of the characters A-Z a-z 0-9 _ . -")


class Registration(StrictSerializer):
    username = StrictString(trim_whitespace=False, validators=[USERNAME])
    email = StrictString(max_length=254, trim_whitespace=False, validators=[EmailValidator()])
    password = StrictString(
        max_length=MAX_PASSWORD_CHARACTERS, trim_whitespace=False, style={"input_type": "password"}
    )


class RegisteredUser(serializers.ModelSerializer):
    created_at = Milliseconds(source="date_joined")

    class Meta:
        model = User
        fields = ["id", "username", "email", "tier", "verification_level", "created_at"]


class RegisterView(APIView):
    """Makes a user, who can then ask for tokens."""

    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="auth_register",
        tags=["identity"],
        request=Registration,
        responses={201: RegisteredUser, **errors(400, 409, 413, 415)},
    )
    def post(self, request: Request) -> Response:
        asked = Registration(data=request.data)
        asked.is_valid(raise_exception=True)
        user = register_user(**asked.validated_data)
        return Response(RegisteredUser(user).data, status=status.HTTP_201_CREATED)
