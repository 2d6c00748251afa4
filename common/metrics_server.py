"""GET /metrics of a process that has no web server, on METRICS_PORT: the worker, beat, the agents."""

import os
import threading
from collections.abc import Callable, Iterable
from http.client import responses as REASONS
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from django.conf import settings
from prometheus_client import CONTENT_TYPE_LATEST

from common.api.address import environ_address, is_allowed
from common.counters import counted


def may_look(address: str) -> bool:
    """Whether METRICS_ALLOW lists the address; an empty list lets nobody look."""
    return bool(settings.METRICS_ALLOW) and is_allowed(address, settings.METRICS_ALLOW)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _QuietHandler(WSGIRequestHandler):
    timeout = 10  # seconds that a peer may keep a thread waiting

    def log_message(self, format: str, *arguments: Any) -> None:
        """Prometheus comes every few seconds."""


def serve_if_asked() -> _Server | None:
    """From now on, in a thread of its own, if METRICS_PORT names a port. Raises OSError if that is taken."""
    port = os.environ.get("METRICS_PORT")
    return serve(int(port), os.environ.get("METRICS_HOST") or "0.0.0.0") if port else None


def serve(port: int, host: str = "127.0.0.1") -> _Server:
    """port 0: any that is free (server_port)."""
    server = _Server((host, port), _QuietHandler)
    server.set_app(application)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    status, body = 404, b""
    # There is no proxy in front: what the peer says of itself does not count.
    peer = environ_address({"REMOTE_ADDR": environ["REMOTE_ADDR"]})
    if environ["PATH_INFO"] == "/metrics" and may_look(peer):
        if environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            status, body = 200, counted()
        else:
            status = 405
    start_response(
        f"{status} {REASONS[status]}",
        [("Content-Type", CONTENT_TYPE_LATEST), ("Content-Length", str(len(body)))],
    )
    return [body]
