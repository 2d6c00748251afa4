"""Who makes a request: a bearer token, or the session of the browsable API."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.request import Request

from accounts.models import User
from accounts.services import authenticate_token, open_account
from accounts.tokens import BearerToken
from common.api.address import client_address
from common.api.exceptions import AuthenticationRefused
from common.errors import Refused


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access token>`."""

    def authenticate(self, request: Request) -> tuple[User, BearerToken] | None:
        """None without a bearer token. Raises AuthenticationRefused for one that does not count."""
        scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").strip().partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            return authenticate_token(token.strip(), client_address(request._request))
        except Refused as refused:
            raise AuthenticationRefused(refused) from refused

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class BrowsableSessionAuthentication(SessionAuthentication):
    """The Django session of somebody who looks at the API in a browser; writes need the CSRF token."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        found = super().authenticate(request)
        if found is not None and not hasattr(found[0], "account"):
            open_account(found[0])  # a user made by hand, such as with `createsuperuser`
        return found


def signed_in(request: Request) -> User:
    """The user of a request that a permission has let through."""
    assert isinstance(request.user, User)
    return request.user


class BearerScheme(OpenApiAuthenticationExtension):
    """How the OpenAPI schema tells of it."""

    target_class = BearerAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The access token of POST /api/v1/auth/token",
        }


class BrowsableSessionScheme(OpenApiAuthenticationExtension):
    target_class = BrowsableSessionAuthentication
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": "browsable API"}
