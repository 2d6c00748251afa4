"""Every answered request comes by here once, whichever door it took: to be counted, kept for the KPIs, and logged."""

import logging
from collections.abc import Callable
from time import perf_counter
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject, empty

from common import request_id
from common.api.address import client_address
from common.api.answered import Answered, known_method
from common.api.endpoint import pattern
from common.redaction import InHand, hold
from kpi import flusher, request_log, request_metrics
from kpi.lane_metrics import note_answer

logger = logging.getLogger(__name__)

# Each is told of each answer, after it was made. None may wait.
WATCHES: tuple[Callable[[Answered], None], ...] = (request_metrics.count, flusher.count, request_log.write)

API_UNMATCHED = "/api/unmatched"
UNMATCHED = "unmatched"
STATIC = "static"


def note(answered: Answered) -> None:
    """Tell all who watch. One that fails costs neither the client its answer nor the others their news."""
    for watch in WATCHES:
        try:
            watch(answered)
        except Exception:
            logger.exception("a watch of requests failed")


def note_lane(answered: Answered) -> None:
    """Of the fast lanes, which Django's own middleware does not see."""
    note_answer(answered)
    note(answered)


class RequestWatchMiddleware:
    """Around everything else: names the request, times it, and tells who, what and how it ended."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        begun = perf_counter()
        name = request.META["HTTP_X_REQUEST_ID"] = request_id.begin(request.META.get("HTTP_X_REQUEST_ID"))
        hold(InHand(request.META, request))
        try:
            response = self.get_response(request)
            response[request_id.HEADER] = name
            note(_answered(request, response, name, perf_counter() - begun))
        finally:
            request_id.end()
            hold(None)
        return response


def _answered(request: HttpRequest, response: HttpResponse, name: str, seconds: float) -> Answered:
    match = request.resolver_match
    user, auth = _user_of(request), getattr(request, "auth", None)
    return Answered(
        endpoint=pattern(match.route) if match else _unmatched(request),
        view=match.view_name if match else "",
        method=known_method(request.method),
        status=response.status_code,
        seconds=seconds,
        code=getattr(response, "refusal", ""),
        request_id=name,
        address=client_address(request),
        user_id=getattr(user, "pk", None),
        key_id=getattr(auth, "key_id", None),
    )


def _user_of(request: HttpRequest) -> Any:
    """Who is signed in, if somebody has asked: asking now could cost a query, or find the database away."""
    user = request.__dict__.get("user")
    if isinstance(user, SimpleLazyObject) and user.__dict__.get("_wrapped") is empty:
        return None
    return user


def _unmatched(request: HttpRequest) -> str:
    if request.path_info.startswith(request_metrics.API):
        return API_UNMATCHED
    return STATIC if request.path_info.startswith(settings.STATIC_URL) else UNMATCHED
