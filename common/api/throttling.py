"""Request limits: per API key or user by tier, per address for requests without credentials."""

import math
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from common.api.address import address_group, environ_address
from common.api.fast_lane import Headers
from common.limits import Usage, count


def address_key(request: HttpRequest) -> str:
    return environ_key(request.META)


def environ_key(environ: Mapping[str, Any]) -> str:
    """Whom a request without credentials counts for."""
    return f"address:{address_group(environ_address(environ))}"


def owner_key(user_id: int, key_id: int | None) -> str:
    """Whom a request with credentials counts for: the API key, or else the user."""
    return f"key:{key_id}" if key_id else f"user:{user_id}"


def charge_lane(key: str, tier: str) -> Headers:
    """Counts a request in a fast lane; the headers of its answer. Raises OverLimit if it is one too many."""
    usage = count("requests", key, settings.REQUEST_LIMITS[tier])
    if usage is None:
        return ()
    headers = tuple(usage.headers().items())
    if usage.exceeded:
        raise OverLimit(headers, usage.reset_seconds)
    return headers


class OverLimit(Exception):
    """A request above its limit. headers: of the answer. wait: seconds until the limit starts anew."""

    def __init__(self, headers: Headers, wait: int) -> None:
        self.headers = headers
        self.wait = wait
        super().__init__(f"wait {wait} s")


class RequestThrottle(BaseThrottle):
    """Lets a request through, or not, and puts what is left of the limit into the answer's headers."""

    usage: Usage | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        self.usage = charge(request, view, *_who(request))
        return self.usage is None or not self.usage.exceeded

    def wait(self) -> int | None:
        return self.usage.reset_seconds if self.usage else None


def charge_refused(request: Request, view: Any) -> Usage | None:
    """Counts a request that was refused before its throttle ran: guessing at tokens must not be free."""
    if getattr(view, "charged", False) or not view.get_throttles():
        return None
    return charge(request, view, address_key(request), "anonymous")


def charge(request: Request, view: Any, key: str, tier: str) -> Usage | None:
    """Counts a request and notes the headers of its answer."""
    view.charged = True
    usage = count("requests", key, settings.REQUEST_LIMITS[tier])
    if usage is not None:
        view.headers.update(usage.headers())
    return usage


def _who(request: Request) -> tuple[str, str]:
    """Whom a request counts for, and by which tier."""
    user = request.user
    if not user or not user.is_authenticated:
        return address_key(request._request), "anonymous"
    tier = user.tier if user.tier in settings.REQUEST_LIMITS else "anonymous"
    return owner_key(user.pk, getattr(request.auth, "key_id", None)), tier


def retry_after(seconds: Any) -> str:
    """The value of a Retry-After header: whole seconds, at least one."""
    return str(max(1, math.ceil(seconds or 0)))
