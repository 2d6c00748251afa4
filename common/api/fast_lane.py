"""The fast lane: a few hot addresses answered in front of Django's machinery for requests.

A lane answers a request that is plainly right, and leaves everything else to Django: a field that is wrong,
another representation, a cookie, an address it does not know. So the views stay the only authors of the schema,
of the browsable API and of what is said about a wrong request; a lane can be taken away and only speed is lost
(docs/decisions/0009-a-fast-lane-in-front-of-django.md).
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from http.client import responses as REASONS
from io import BytesIO
from json import JSONEncoder
from time import perf_counter
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware

from common import request_id
from common.api.address import environ_address
from common.api.answered import Answered
from common.api.signed import is_signed
from common.redaction import BODY, InHand, hold

logger = logging.getLogger(__name__)

Environ = dict[str, Any]
Headers = tuple[tuple[str, str], ...]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

# What programs send that want JSON or do not care. Whoever sends anything else gets its choice from Django.
PLAIN_ACCEPTS = frozenset({"", "*/*", "application/json", "application/json, text/plain, */*"})
MOST_BODY_BYTES = 8_192

# As Django REST framework's JSONRenderer writes it, for values that are plain text, numbers and lists.
encode_json = JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class Answer(NamedTuple):
    """code: the refusal's. user_id, key_id: who asked."""

    status: int
    body: bytes
    headers: Headers
    code: str = ""
    user_id: int | None = None
    key_id: int | None = None


class Lane(NamedTuple):
    """view: the name of the Django view whose requests it takes; endpoint: the pattern of its address.

    answer: None leaves the request to that view.
    """

    view: str
    endpoint: str
    answer: Callable[[Environ], Answer | None]


Watch = Callable[[Answered], None]


class FastLane:
    """A WSGI application around Django's.

    lanes: by method and path ("POST /api/v1/orders"), or by method and all of the path but its last part
    ("GET /api/v1/orderbook/"). A lane that raises has done nothing yet: Django takes the request.
    """

    def __init__(self, django: Application, lanes: Mapping[str, Lane], watch: Watch) -> None:
        self._django = django
        self._lanes = lanes
        self._watch = watch

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        begun = perf_counter()
        key = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        lane = self._lanes.get(key) or self._lanes.get(key[: key.rfind("/") + 1])
        if lane is None:
            return self._django(environ, start_response)
        name = environ["HTTP_X_REQUEST_ID"] = request_id.begin(environ.get("HTTP_X_REQUEST_ID"))
        hold(InHand(environ))
        answer = _answer(lane, environ)
        if answer is None:
            return self._django(environ, start_response)
        length = ("Content-Length", str(len(answer.body)))
        headers = [*answer.headers, *site_headers(is_secure(environ)), (request_id.HEADER, name), length]
        start_response(f"{answer.status} {REASONS[answer.status]}", headers)
        self._watch(_answered(environ, lane, answer, name, perf_counter() - begun))
        request_id.end()
        hold(None)
        return [answer.body]


def _answered(environ: Environ, lane: Lane, answer: Answer, name: str, seconds: float) -> Answered:
    return Answered(
        lane.endpoint, lane.view, environ["REQUEST_METHOD"], answer.status, seconds, answer.code, name,
        environ_address(environ), answer.user_id, answer.key_id,
    )  # fmt: skip


def _answer(lane: Lane, environ: Environ) -> Answer | None:
    if not is_plain(environ):
        return None
    try:
        return lane.answer(environ)
    except Exception:
        logger.warning("the fast lane of %s left a request to Django", lane.view, exc_info=True)
        return None


def is_plain(environ: Environ) -> bool:
    """Whether nothing but the lane itself has a say: no cookie, no signature, a host of ours, JSON wanted, TLS where
    it must be."""
    return (
        not environ.get("HTTP_COOKIE")
        and not is_signed(environ)
        and environ.get("HTTP_ACCEPT", "") in PLAIN_ACCEPTS
        and not environ.get("SCRIPT_NAME")
        and is_our_host(environ.get("HTTP_HOST", ""), tuple(settings.ALLOWED_HOSTS))
        and (not settings.SECURE_SSL_REDIRECT or is_secure(environ))
    )


@lru_cache(maxsize=256)
def is_our_host(host: str, allowed: tuple[str, ...]) -> bool:
    """What Django says about a Host header; `allowed` (ALLOWED_HOSTS) is there to be part of the key."""
    request = HttpRequest()
    request.META["HTTP_HOST"] = host
    try:
        return bool(request.get_host())
    except (DisallowedHost, KeyError):
        return False


def is_secure(environ: Environ) -> bool:
    """Whether the client came by https, as `HttpRequest.is_secure` has it."""
    if settings.SECURE_PROXY_SSL_HEADER:
        name, secure = settings.SECURE_PROXY_SSL_HEADER
        if name in environ:
            return bool(environ[name].split(",", 1)[0].strip() == secure)
    return bool(environ.get("wsgi.url_scheme") == "https")


@lru_cache(maxsize=2)
def site_headers(secure: bool) -> Headers:
    """What the settings put on every answer, asked of Django's own middleware once."""
    environ = {
        "REQUEST_METHOD": "GET",
        "wsgi.input": BytesIO(),
        "wsgi.url_scheme": "https" if secure else "http",
    }
    request, response = WSGIRequest(environ), HttpResponse()
    if secure and settings.SECURE_PROXY_SSL_HEADER:
        name, value = settings.SECURE_PROXY_SSL_HEADER
        request.META[name] = value
    del response.headers["Content-Type"]
    response = XFrameOptionsMiddleware(lambda _: response)(request)  # type: ignore[assignment]
    response = SecurityMiddleware(lambda _: response).process_response(request, response)
    return tuple(response.items())


def read_body(environ: Environ) -> bytes | None:
    """A short body of known length, left in place for whoever reads it next; None for any other."""
    declared = environ.get("CONTENT_LENGTH") or ""
    if not (declared.isdecimal() and len(declared) < 6 and 0 < int(declared) <= MOST_BODY_BYTES):
        return None
    body: bytes = environ["wsgi.input"].read(int(declared))
    environ[BODY] = body
    environ["wsgi.input"] = BytesIO(body)
    return body if len(body) == int(declared) else None
