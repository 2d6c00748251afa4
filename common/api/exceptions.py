"""Every error of the API in one shape: `{"code", "message", "details"}` with its HTTP status."""

import logging
import math
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404, UnreadablePostError
from rest_framework import exceptions as drf
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from common.api.answers import RETRY_SECONDS, is_unavailable
from common.api.endpoint import pattern
from common.api.fast_lane import Answer, Headers
from common.api.throttling import OverLimit, charge_refused, retry_after
from common.errors import ErrorCode, Refused

logger = logging.getLogger(__name__)

# The first that fits; without a text of its own a code speaks for itself.
_CODES: list[tuple[type[Exception], ErrorCode]] = [
    (drf.ParseError, ErrorCode.BAD_REQUEST),
    (drf.AuthenticationFailed, ErrorCode.INVALID_TOKEN),
    (drf.NotAuthenticated, ErrorCode.NOT_AUTHENTICATED),
    (drf.PermissionDenied, ErrorCode.PERMISSION_DENIED),
    (PermissionDenied, ErrorCode.PERMISSION_DENIED),
    (drf.NotFound, ErrorCode.NOT_FOUND),
    (Http404, ErrorCode.NOT_FOUND),
    (drf.MethodNotAllowed, ErrorCode.METHOD_NOT_ALLOWED),
    (drf.NotAcceptable, ErrorCode.NOT_ACCEPTABLE),
    (drf.UnsupportedMediaType, ErrorCode.UNSUPPORTED_MEDIA_TYPE),
    (RequestDataTooBig, ErrorCode.PAYLOAD_TOO_LARGE),
    (SuspiciousOperation, ErrorCode.BAD_REQUEST),
    (UnreadablePostError, ErrorCode.BAD_REQUEST),
]


class AuthenticationRefused(drf.APIException):
    """A refusal by an authentication class.

    Not a bare Refused: the framework marks a request as nobody's only for exceptions of its own kind.
    """

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.message)
        self.refused = refused


def handle(error: Exception, context: dict[str, Any]) -> Response:
    """The answer to an exception in a view (Django REST framework's EXCEPTION_HANDLER)."""
    refused = as_refused(error)
    if refused.code.status < 500 and context.get("request") is not None:
        try:
            charge_refused(context["request"], context["view"])
        except OverLimit as over:
            refused = over
    if refused.code.status >= 500:
        _log(error, refused, context)
    response = Response(refused.body(), status=refused.code.status, headers=_headers(refused))
    response.refusal = refused.code.name  # type: ignore[attr-defined]  # for whoever counts
    return response


def error_answer(error: Exception, where: str, headers: Headers) -> Answer:
    """The same for a fast lane. where: the request, for the log. headers: what any answer there carries."""
    refused = as_refused(error)
    if refused.code.status >= 500:
        _log_failure(where, error, refused)
    return Answer(
        refused.code.status,
        JSONRenderer().render(refused.body()),
        (*headers, *_headers(refused).items()),
        refused.code.name,
    )


def as_refused(error: Exception) -> Refused:
    """The refusal that a client sees for an exception."""
    if isinstance(error, AuthenticationRefused | Refused):
        return error if isinstance(error, Refused) else error.refused
    if isinstance(error, drf.ValidationError | DjangoValidationError):
        return Refused(ErrorCode.VALIDATION_ERROR, **_details(error))
    if isinstance(error, drf.Throttled):
        return Refused(ErrorCode.RATE_LIMITED, retry_after=math.ceil(getattr(error, "wait", None) or 1))
    if is_unavailable(error):
        return Refused(ErrorCode.UNAVAILABLE)
    for kind, code in _CODES:
        if isinstance(error, kind):
            return Refused(code, str(error.detail) if isinstance(error, drf.ParseError) else "")
    return Refused(ErrorCode.INTERNAL_ERROR)


def _details(error: drf.ValidationError | DjangoValidationError) -> dict[str, Any]:
    detail: Any = error.detail if isinstance(error, drf.ValidationError) else _of_django(error)
    return detail if isinstance(detail, dict) else {"non_field_errors": detail}


def _of_django(error: DjangoValidationError) -> Any:
    return error.message_dict if hasattr(error, "error_dict") else error.messages


def _headers(refused: Refused) -> dict[str, str]:
    if refused.code.status == 401:
        return {"WWW-Authenticate": 'Bearer realm="api"'}
    if refused.code is ErrorCode.RATE_LIMITED:
        return {"Retry-After": retry_after(refused.details.get("retry_after"))}
    if refused.code is ErrorCode.UNAVAILABLE:
        return {"Retry-After": str(RETRY_SECONDS)}
    return {}


def _log(error: Exception, refused: Refused, context: dict[str, Any]) -> None:
    request = context.get("request")
    _log_failure(_name_of(request), error, refused)
    if request is not None:
        # A page would ask who is signed in, and may fail in the same way again.
        request.accepted_renderer = JSONRenderer()
        request.accepted_media_type = JSONRenderer.media_type


def _name_of(request: Any) -> str:
    """Method and address, that one by its pattern: a client may have put anything into the address itself."""
    match = None if request is None else request._request.resolver_match
    return f"{request.method} {pattern(match.route)}" if match else "a request"


def _log_failure(where: str, error: Exception, refused: Refused) -> None:
    if refused.code is ErrorCode.INTERNAL_ERROR:
        logger.error("%s failed", where, exc_info=error)
    else:
        logger.warning("%s: unavailable: %s", where, error)
