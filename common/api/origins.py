"""WebSockets only for our own pages and for programs."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host

ASGIApplication = Callable[[dict[str, Any], Any, Any], Awaitable[None]]
DEFAULT_PORTS = {"http": 80, "https": 443}


class RefuseForeignOrigin:
    """Closes a connection, before it is accepted (403), that a page of another site opens.

    Browsers always send Origin, programs do not: absent is fine, and gives no rights, since sockets take
    access tokens and never a cookie.
    """

    def __init__(self, application: ASGIApplication) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "websocket" and not is_own_origin(scope["headers"]):
            await receive()  # websocket.connect
            await send({"type": "websocket.close", "code": 4403})
            return
        await self.application(scope, receive, send)


def is_own_origin(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether Origin is absent, or names the host and port of Host, a host that is ours to serve."""
    origins = [value.decode("latin-1") for name, value in headers if name.lower() == b"origin"]
    hosts = [value.decode("latin-1") for name, value in headers if name.lower() == b"host"]
    if not origins:
        return True
    if len(origins) != 1 or len(hosts) != 1:
        return False
    scheme, _, place = origins[0].partition("://")
    if scheme not in DEFAULT_PORTS or not _is_ours(hosts[0]):
        return False
    own = _host_and_port(hosts[0], scheme)
    return own is not None and own == _host_and_port(place, scheme)


def _host_and_port(place: str, scheme: str) -> tuple[str, int] | None:
    """Of "localhost:8000"; the port of the scheme if none is named. None if it is broken."""
    try:
        parts = urlsplit(f"//{place}")
        return (parts.hostname, parts.port or DEFAULT_PORTS[scheme]) if parts.hostname else None
    except ValueError:
        return None


def _is_ours(host: str) -> bool:
    # A name of someone else's that points to this machine (DNS rebinding) is its own origin too.
    domain, _ = split_domain_port(host)
    allowed = settings.ALLOWED_HOSTS or ([".localhost", "127.0.0.1", "[::1]"] if settings.DEBUG else [])
    return bool(domain) and validate_host(domain, allowed)
