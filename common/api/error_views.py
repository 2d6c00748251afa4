"""What Django shows for errors outside the API's views: JSON for programs, its own plain pages for people.

The root URL configuration names them: `handler400 = "common.api.error_views.bad_request"` and so on.
"""

import sys
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.views import defaults

from common.api.answers import error_response, is_unavailable, wants_json
from common.errors import ErrorCode, Refused


def bad_request(request: HttpRequest, exception: Exception, **kwargs: Any) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return error_response(request, Refused(ErrorCode.PAYLOAD_TOO_LARGE))
    if wants_json(request):
        return error_response(request, Refused(ErrorCode.BAD_REQUEST))
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception, **kwargs: Any) -> HttpResponse:
    if wants_json(request):
        return error_response(request, Refused(ErrorCode.PERMISSION_DENIED))
    return defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception, **kwargs: Any) -> HttpResponse:
    if wants_json(request):
        return error_response(request, Refused(ErrorCode.NOT_FOUND))
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    if is_unavailable(sys.exc_info()[1]):
        return error_response(request, Refused(ErrorCode.UNAVAILABLE))
    if wants_json(request):
        return error_response(request, Refused(ErrorCode.INTERNAL_ERROR))
    return defaults.server_error(request)
