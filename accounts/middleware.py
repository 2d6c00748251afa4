"""Middleware about who is signed in."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse


class SuspensionMiddleware:
    """Ends the Django session (admin, browsable API) of a user who was suspended, on the next request.

    Access tokens are checked where they are read, in `accounts.services.authenticate_token`.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Without the cookie there is no session: no query, and no `Vary: Cookie` on public answers.
        if settings.SESSION_COOKIE_NAME in request.COOKIES and getattr(request.user, "is_suspended", False):
            logout(request)
        return self.get_response(request)
