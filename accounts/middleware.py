"""Middleware about who is signed in."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.http import HttpRequest, HttpResponse

from accounts.api.visitors import BROWSER_SESSION, visitor_of
from accounts.models import Session
from accounts.services import browser_session, close_session, open_session


class BrowserSessionMiddleware:
    """Gives Django's cookie (admin, browsable API) a session that can be seen and ended like any other.

    Whichever page signs somebody in, the session begins with the cookie: one that was not used yet must not be left
    over when its owner signs out everywhere. A request of a session that was revoked, or of a user who was suspended,
    is nobody's. Access tokens are checked where they are read, in `accounts.services.authenticate_token`.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        before = None
        # Without the cookie there is no session: no query, and no `Vary: Cookie` on public answers.
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            if request.user.is_authenticated and not _counts(request, request.user):
                logout(request)
            before = request.session.get(BROWSER_SESSION)
        response = self.get_response(request)
        if request.session.modified:
            _follow(request, before)
        return response


def _counts(request: HttpRequest, user: Any) -> bool:
    if user.is_suspended:
        return False
    session_id = request.session.get(BROWSER_SESSION)
    if session_id is not None:
        return browser_session(user, session_id) is not None
    _open(request, user)
    return True


def _follow(request: HttpRequest, before: int | None) -> None:
    """Somebody may have signed out, or in, or in as somebody else."""
    if before is not None and request.session.get(BROWSER_SESSION) != before:
        close_session(before)
    if SESSION_KEY in request.session and BROWSER_SESSION not in request.session:
        _open(request, request.user)


def _open(request: HttpRequest, user: Any) -> None:
    ends = request.session.get_expiry_date()
    request.session[BROWSER_SESSION] = open_session(user, Session.Kind.BROWSER, visitor_of(request), ends).pk
