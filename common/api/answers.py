"""Error answers from outside Django REST framework: the same JSON for programs, a plain page for people."""

from django.db.utils import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.html import escape

from common.errors import ErrorCode, Refused

RETRY_SECONDS = 2
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<body style="font-family: system-ui, sans-serif; max-width: 36rem; margin: 15vh auto; padding: 0 1rem">
<h1>{title}</h1><p>{text}</p></body></html>"""


def wants_json(request: HttpRequest) -> bool:
    """Everything under /api/, and whoever asks for JSON and not for a page."""
    accept = request.META.get("HTTP_ACCEPT", "")
    return request.path.startswith("/api/") or ("application/json" in accept and "text/html" not in accept)


def error_response(request: HttpRequest, refused: Refused) -> HttpResponse:
    response: HttpResponse
    if wants_json(request):
        response = JsonResponse(refused.body(), status=refused.code.status)
    else:
        title = refused.code.name.replace("_", " ").capitalize()
        page = _PAGE.format(title=escape(title), text=escape(refused.message))
        response = HttpResponse(page, status=refused.code.status)
    response.refusal = refused.code.name  # type: ignore[attr-defined]  # for whoever counts
    if refused.code is ErrorCode.UNAVAILABLE:
        response["Retry-After"] = str(RETRY_SECONDS)
    return response


def is_unavailable(error: BaseException | None) -> bool:
    """Whether an exception means that a part is missing for a while, such as a lost database."""
    return isinstance(error, OperationalError | InterfaceError) or (
        isinstance(error, Refused) and error.code is ErrorCode.UNAVAILABLE
    )
