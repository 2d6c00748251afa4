"""Who may do what."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.models import APIKey
from accounts.tokens import PERSONAL_SCOPES, BearerToken, KeySignature


class _Scope(BasePermission):
    """A signed-in user whose token or key has the scope; a person's token has all but `withdraw`."""

    scope: str

    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user and request.user.is_authenticated) and self.scope in scopes_of(request)


class ReadScope(_Scope):
    scope = APIKey.Scope.READ.value


class TradeScope(_Scope):
    scope = APIKey.Scope.TRADE.value


class IsPerson(BasePermission):
    """Signed in with a password: no API key may make another key or change what guards the user."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user and request.user.is_authenticated) and not is_key(request)


class IsStaff(BasePermission):
    """Staff in person: an API key of theirs, which lies about in programs, does not run the exchange."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user and request.user.is_staff) and not is_key(request)


def scopes_of(request: Request) -> frozenset[str]:
    auth = request.auth
    return auth.allowed_scopes if isinstance(auth, BearerToken | KeySignature) else PERSONAL_SCOPES


def is_key(request: Request) -> bool:
    """Whether the request comes from an API key, by its token or by its signature."""
    return isinstance(request.auth, BearerToken | KeySignature) and request.auth.api_key is not None
