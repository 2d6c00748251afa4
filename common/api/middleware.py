"""Middleware around every HTTP request."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from common.api.answers import error_response, is_unavailable
from common.errors import ErrorCode, Refused


class UnavailableMiddleware:
    """A lost database is a clean 503 with Retry-After, outside the API too.

    Errors in views come by here; those in other middleware reach `common.api.error_views.server_error`.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            refused = Refused(ErrorCode.BAD_REQUEST, "The address contains a NUL character.")
            return error_response(request, refused)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return error_response(request, Refused(ErrorCode.UNAVAILABLE)) if is_unavailable(error) else None
