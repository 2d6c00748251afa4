"""Request limits: per API key or user by tier, per user over all keys, and per address (docs/limits.md)."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from common.api.address import address_group, environ_address
from common.api.costs import ONE, Cost, Query
from common.api.endpoint import pattern
from common.api.fast_lane import Headers
from common.errors import ErrorCode, Refused
from common.limits import Counter, Scope, Taken, take

ANONYMOUS = "anonymous"
CHARGED = (
    "bourse.charged"  # in the environ: for whom a fast lane has counted a request that it left to Django
)


class Owner(NamedTuple):
    """Whom a request counts for. who: such as "key:7". user_of_key: whose keys have a ceiling; None without a key."""

    who: str
    tier: str
    user_of_key: int | None = None


class OverLimit(Refused):
    """A request above a limit. headers: of the answer. wait: seconds until the limit starts anew."""

    def __init__(self, taken: Taken, weight: int) -> None:
        usage = taken.told
        self.headers: Headers = usage.headers()
        self.wait = usage.reset_seconds
        super().__init__(
            ErrorCode.RATE_LIMITED,
            scope=usage.scope.value,
            limit=usage.limit,
            weight=weight,
            retry_after=self.wait,
        )


def cost_of(method: str, endpoint: str) -> Cost:
    """What a request to the endpoint ("/api/v1/orders/{reference}") counts as."""
    costs: Mapping[str, Cost] = settings.REQUEST_COSTS
    return costs.get(f"{'GET' if method == 'HEAD' else method} {endpoint}", ONE)


def stranger(environ: Mapping[str, Any]) -> Owner:
    """Whom a request without credentials counts for: its address."""
    return Owner(f"address:{_address(environ)}", ANONYMOUS)


def owner_of(user_id: int, key_id: int | None, tier: str) -> Owner:
    """Whom a request with credentials counts for: the API key, or else the user."""
    return Owner(f"key:{key_id}", tier, user_id) if key_id else Owner(f"user:{user_id}", tier)


def charge_lane(
    cost: Cost, environ: dict[str, Any], owner: Owner, query: Query, tell: bool = True
) -> Headers:
    """Counts a request in a fast lane; the headers of its answer. Raises OverLimit if it is one too many.

    tell: False if a refusal is left to Django, which says it once more.
    """
    headers = _charge(cost.scope, cost.weight.of(query, dict), environ, owner, tell)
    environ[CHARGED] = owner, headers
    return headers


class RequestThrottle(BaseThrottle):
    """Lets a request through or raises OverLimit, and puts what is left of the limit into the answer's headers."""

    def allow_request(self, request: Request, view: Any) -> bool:
        match = request._request.resolver_match
        cost = cost_of(request.method or "", pattern(match.route) if match else "")
        owner = _owner(request)
        # Orders and the ways out are of those who are in; anybody else's request is a request, or the way in.
        is_theirs = (owner.tier == ANONYMOUS) == (cost.scope is Scope.SIGN_INS)
        scope = cost.scope if is_theirs else Scope.REQUESTS
        try:
            weight = cost.weight.of(request.query_params, lambda: request.data)
        except Exception:  # the body cannot be read
            charge(request, view, owner, scope)
            raise
        charge(request, view, owner, scope, weight)
        return True


def charge_refused(request: Request, view: Any) -> None:
    """Counts a request that was refused before its throttle ran: guessing at tokens must not be free.

    Raises OverLimit if it is one too many.
    """
    if not getattr(view, "charged", False) and view.get_throttles():
        known = getattr(request, "_user", None) is not None  # asking for `user` would refuse again
        charge(request, view, _owner(request) if known else stranger(request.META))


def charge(request: Request, view: Any, owner: Owner, scope: Scope = Scope.REQUESTS, weight: int = 1) -> None:
    """Counts a request and notes the headers of its answer. Raises OverLimit."""
    view.charged = True
    try:
        whom, headers = request.META.get(CHARGED, (None, ()))
        view.headers.update(headers if whom == owner else _charge(scope, weight, request.META, owner))
    except OverLimit as over:
        view.headers.update(over.headers)
        raise


def _charge(
    scope: Scope, weight: int, environ: Mapping[str, Any], owner: Owner, tell: bool = True
) -> Headers:
    taken = take(_counters(scope, environ, owner), weight, tell)
    if taken is None:
        return ()
    if taken.refused:
        raise OverLimit(taken, weight)
    return taken.told.headers()


def _counters(scope: Scope, environ: Mapping[str, Any], owner: Owner) -> list[Counter]:
    limit = _limits(scope)[owner.tier]
    address = f"address:{_address(environ)}"
    if scope is Scope.CANCELS:  # a flood from an address takes from nobody there the way out
        address += ":cancels"
    counters = [Counter(scope, owner.who, limit), Counter(Scope.ADDRESS, address, settings.ADDRESS_LIMIT)]
    if owner.user_of_key is not None:  # the person has a counter of his own: he can still revoke the keys
        keys = f"keys-of-user:{owner.user_of_key}:{scope.value}"
        counters.append(Counter(Scope.USER, keys, limit * settings.USER_KEYS))
    return counters


def _limits(scope: Scope) -> Mapping[str, int]:
    limits: dict[Scope, Mapping[str, int]] = {
        Scope.ORDERS: settings.ORDER_LIMITS,
        Scope.CANCELS: settings.CANCEL_LIMITS,
        Scope.SIGN_INS: settings.SIGN_IN_LIMITS,
    }
    return limits.get(scope, settings.REQUEST_LIMITS)


def _owner(request: Request) -> Owner:
    """Whom a request counts for, and by which tier."""
    user = request.user
    if not user or not user.is_authenticated:
        return stranger(request.META)
    tier = user.tier if user.tier in settings.ORDER_LIMITS else "beginner"
    return owner_of(user.pk, getattr(request.auth, "key_id", None), tier)


def _address(environ: Mapping[str, Any]) -> str:
    return address_group(environ_address(environ))


def retry_after(seconds: Any) -> str:
    """The value of a Retry-After header: whole seconds, at least one."""
    return str(max(1, math.ceil(seconds or 0)))
