"""Who makes a request: whoever signed it with an API key (docs/signing.md)."""

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, UnreadablePostError
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts.models import User
from accounts.services import SignedRequest, authenticate_signed
from accounts.services.signatures import DEFAULT_WINDOW_MS, MAX_AHEAD_MS, MAX_WINDOW_MS
from accounts.tokens import KeySignature
from common.api.address import client_address
from common.api.exceptions import AuthenticationRefused
from common.api.parsers import MAX_BODY_BYTES
from common.api.signed import KEY, SIGNATURE, TIMESTAMP, WINDOW, is_signed
from common.errors import ErrorCode, Refused


class SignatureAuthentication(BaseAuthentication):
    """`X-API-Key`, `X-Timestamp`, `X-Recv-Window` and `X-Signature`."""

    def authenticate(self, request: Request) -> tuple[User, KeySignature] | None:
        """None without these headers. Raises AuthenticationRefused for what does not count."""
        if not is_signed(request.META):
            return None
        try:
            return authenticate_signed(_as_it_came(request._request))
        except Refused as refused:
            raise AuthenticationRefused(refused) from refused

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


def _as_it_came(request: HttpRequest) -> SignedRequest:
    given = request.META
    if given.get("HTTP_AUTHORIZATION", "").lower().startswith("bearer"):
        raise Refused(ErrorCode.INVALID_SIGNATURE, "Give a token or a signature, and not both.")
    return SignedRequest(
        key=given.get(KEY, ""),
        timestamp=given.get(TIMESTAMP, ""),
        window=given.get(WINDOW, ""),
        signature=given.get(SIGNATURE, ""),
        method=str(request.method),
        path=request.path,
        query=given.get("QUERY_STRING", "").encode("latin-1"),
        body=_body(request),
        address=client_address(request),
    )


def _body(request: HttpRequest) -> bytes:
    try:
        return request.body
    except RequestDataTooBig as error:
        raise Refused(ErrorCode.PAYLOAD_TOO_LARGE, limit_bytes=MAX_BODY_BYTES) from error
    except UnreadablePostError as error:
        raise Refused(ErrorCode.BAD_REQUEST) from error


class SignatureScheme(OpenApiAuthenticationExtension):
    """How the OpenAPI schema tells of it: these headers together."""

    target_class = SignatureAuthentication
    name = ["apiKey", "timestamp", "signature"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        return [
            _header("X-API-Key", "The API key, for a signed request"),
            _header(
                "X-Timestamp",
                "When the request was signed, milliseconds since the epoch. It counts for `X-Recv-Window` "
                f"milliseconds from then on ({DEFAULT_WINDOW_MS} without that header, at most {MAX_WINDOW_MS}), "
                f"and may lie at most {MAX_AHEAD_MS} ahead of ours.",
            ),
            _header(
                "X-Signature",
                "Of six lines joined by a line feed: timestamp, receive window, METHOD, path, query as sent, SHA-256 "
                "of the body in hex. HMAC-SHA256 with the key's secret, in hex; or Ed25519, in base64. Each signed "
                "request is accepted once.",
            ),
        ]


def _header(name: str, description: str) -> dict[str, Any]:
    return {"type": "apiKey", "in": "header", "name": name, "description": description}
