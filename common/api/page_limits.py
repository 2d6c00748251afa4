"""A limit on pages (the site's, the admin's, the log-in's), per address, by django-ratelimit."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django_ratelimit.core import get_usage

from common.api.address import address_group, client_address
from common.api.answers import error_response
from common.errors import ErrorCode, Refused
from common.limits import Scope
from common.meters import rate_limit_hits

# Asked by machines that watch us: an exchange at its limit must not look as if it had gone.
FREE = frozenset({"health", "ready", "metrics"})


class PageLimitMiddleware:
    """The API's views have their own throttle; whatever else a view answers counts here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        match = request.resolver_match
        if hasattr(getattr(view, "cls", None), "throttle_classes") or (match and match.view_name in FREE):
            return None
        found = get_usage(request, "pages", key=_address, rate=f"{settings.PAGE_LIMIT}/m", increment=True)
        if not found or not found["should_limit"]:
            return None
        rate_limit_hits.labels(Scope.PAGES.value).inc()
        wait = max(1, found["time_left"])
        response = error_response(request, Refused(ErrorCode.RATE_LIMITED, retry_after=wait))
        response["Retry-After"] = str(wait)
        return response


def _address(group: str, request: HttpRequest) -> str:
    return address_group(client_address(request))
