"""Two lines of the request log for each WebSocket: when it was opened, and when it ended."""

from collections.abc import Iterable
from time import perf_counter
from typing import Any

from common import request_id
from common.api.address import scope_address
from common.api.answered import WHOSE
from common.api.origins import ASGIApplication
from common.redaction import BODY, InHand, hold
from kpi import request_log

UNMATCHED = "unmatched"
NORMAL_CODES = frozenset({1000, 1001})


class SocketLog:
    """paths: of the addresses that there are; any other is logged as "unmatched"."""

    def __init__(self, application: ASGIApplication, paths: Iterable[str]) -> None:
        self.application = application
        self._paths = frozenset(paths)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        path = scope["path"] if scope["path"] in self._paths else UNMATCHED
        connection = _Connection(scope, path)
        try:
            await self.application(
                scope | {WHOSE: connection.whose}, connection.hearing(receive), connection.saying(send)
            )
        finally:
            connection.log_end()


class _Connection:
    def __init__(self, scope: dict[str, Any], path: str) -> None:
        self.whose: dict[str, int | None] = {}  # filled in by whoever finds out
        self._path = path
        self._address = scope_address(scope)
        self._begun = perf_counter()
        self._status = 403  # what a handshake is answered with that nobody accepts
        self._code: int | None = None
        self._environ = _environ(scope)
        self._name = request_id.begin(self._environ.get("HTTP_X_REQUEST_ID"))
        hold(InHand(self._environ))

    def hearing(self, receive: Any) -> Any:
        async def hear() -> dict[str, Any]:
            message: dict[str, Any] = await receive()
            if message["type"] == "websocket.receive":
                self._environ[BODY] = message.get("text") or message.get("bytes") or ""
            elif message["type"] == "websocket.disconnect" and self._code is None:
                self._code = message.get("code")
            return message

        return hear

    def saying(self, send: Any) -> Any:
        async def say(message: dict[str, Any]) -> None:
            kind = message["type"]
            if kind == "websocket.accept":
                self._status = 101
                self._log("opened", None, succeeded=True)
            elif kind == "websocket.close":
                self._code = message.get("code")
            elif kind == "websocket.http.response.start":
                self._status = message["status"]
            await send(message)

        return say

    def log_end(self) -> None:
        if self._status == 101:
            self._log("closed", perf_counter() - self._begun, succeeded=self._code in NORMAL_CODES)
        else:
            self._log("refused", perf_counter() - self._begun, succeeded=False)

    def _log(self, what: str, seconds: float | None, succeeded: bool) -> None:
        fields = {
            "event": {
                **request_log.event("sockets", "network", seconds, succeeded),
                "action": f"websocket-{what}",
            },
            "http": {"request": {"id": self._name}, "response": {"status_code": self._status}},
            "url": {"path": self._path},
            **request_log.whose(self._address, self.whose.get("user_id"), self.whose.get("key_id")),
        }
        if what == "closed" and self._code is not None:
            fields.setdefault("bourse", {})["close_code"] = self._code
        request_log.write_socket(f"WebSocket {self._path} {what}", fields)


def _environ(scope: dict[str, Any]) -> dict[str, Any]:
    """What the client sent, as WSGI would have it."""
    environ = {
        "PATH_INFO": scope["path"],
        "QUERY_STRING": scope.get("query_string", b"").decode("latin-1"),
    }
    for name, value in scope["headers"]:
        environ["HTTP_" + name.decode("latin-1").upper().replace("-", "_")] = value.decode("latin-1")
    return environ
