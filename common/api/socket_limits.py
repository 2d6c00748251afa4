"""How many WebSockets one address may hold open, and how often it may open one."""

import asyncio
from collections import Counter as Tally
from typing import Any

from django.conf import settings
from rest_framework.renderers import JSONRenderer

from common.api.address import address_group, scope_address
from common.api.origins import ASGIApplication
from common.errors import ErrorCode, Refused
from common.limits import Counter, Scope, take
from common.meters import rate_limit_hits

DENIAL = "websocket.http.response"  # ASGI's name for answering a handshake with a status of one's own
CLOSE_TOO_MANY = 4029


class LimitSockets:
    """Opening counts in the address' own ceiling of requests; open ones are counted in this process."""

    def __init__(self, application: ASGIApplication) -> None:
        self.application = application
        self.open: Tally[str] = Tally()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        address = address_group(scope_address(scope))
        wait = await self._must_wait(address)
        if wait:
            await receive()  # websocket.connect
            await _refuse(scope, send, wait)
            return
        self.open[address] += 1
        try:
            await self.application(scope, receive, send)
        finally:
            self.open[address] -= 1
            if not self.open[address]:
                del self.open[address]

    async def _must_wait(self, address: str) -> int:
        """How many seconds; 0: not at all."""
        if not settings.RATE_LIMIT_ENABLED:
            return 0
        if self.open[address] >= settings.SOCKET_LIMIT:
            rate_limit_hits.labels(Scope.SOCKETS.value).inc()
            return 1
        counter = Counter(Scope.ADDRESS, f"address:{address}", settings.ADDRESS_LIMIT)
        taken = await asyncio.to_thread(take, [counter])
        return taken.refused.reset_seconds if taken and taken.refused else 0


async def _refuse(scope: dict[str, Any], send: Any, wait: int) -> None:
    if DENIAL not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": CLOSE_TOO_MANY})
        return
    headers = [(b"content-type", b"application/json"), (b"retry-after", str(wait).encode())]
    body = JSONRenderer().render(Refused(ErrorCode.RATE_LIMITED, retry_after=wait).body())
    await send({"type": f"{DENIAL}.start", "status": 429, "headers": headers})
    await send({"type": f"{DENIAL}.body", "body": body})


async def close_unknown(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """An address that is none of ours is refused and no error."""
    await receive()  # websocket.connect
    await send({"type": "websocket.close", "code": 4404})
