"""Who knocks, as a session remembers it, and in which session somebody is."""

from django.http import HttpRequest
from rest_framework.request import Request

from accounts.services import Visitor
from accounts.tokens import BearerToken
from common.api.address import client_address

BROWSER_SESSION = "bourse_session"  # the key of its id in the data behind Django's cookie


def visitor_of(request: HttpRequest) -> Visitor:
    return Visitor(client_address(request), request.META.get("HTTP_USER_AGENT", ""))


def session_id_of(request: Request) -> int | None:
    """The session that a request belongs to; None for a signed request."""
    if isinstance(request.auth, BearerToken):
        return request.auth.session_id
    return None if request.auth else request._request.session.get(BROWSER_SESSION)
