"""/ws/user: one's own orders, fills and balances, after the first message has said who one is."""

import asyncio
from typing import Any

from accounts.services import authenticate_token
from common.api.address import scope_address
from common.errors import ErrorCode, Refused
from trading.consumers.base import OutboxConsumer
from trading.matching_service.publish import account_group
from trading.streams.hub import LOST, read
from trading.streams.user_stream import UserStream

CLOSE_NOT_AUTHENTICATED = 4001
CLOSE_SUSPENDED = 4003
AUTHENTICATE_SECONDS = 10.0
LOOK_SECONDS = 5.0  # how often the token and the account are looked at without being woken


class UserConsumer(OutboxConsumer):
    """First message: {"action": "authenticate", "token": access token}. Then snapshots, then changes."""

    async def connect(self) -> None:
        self._token = ""
        self._stream: UserStream | None = None
        self._known = asyncio.Event()  # set once the client has said who it is
        self._wake = asyncio.Event()
        await super().connect()
        self._follower = asyncio.create_task(self._follow())

    async def disconnect(self, code: int) -> None:
        await super().disconnect(code)
        if hasattr(self, "_follower"):
            self._follower.cancel()
        if self._stream is not None:
            await self.channel_layer.group_discard(account_group(self._stream.account_id), self.channel_name)

    async def handle(self, message: dict[str, Any]) -> None:
        action = message.get("action")
        if action == "authenticate" and self._stream is None:
            await self._authenticate(message.get("token"))
        elif action == "resync" and self._stream is not None:
            await self.resynchronise()
        elif action != "pong":
            raise Refused(ErrorCode.BAD_REQUEST, "First authenticate; then action must be resync or pong.")

    async def resynchronise(self) -> None:
        if self._stream is not None:
            for text in await read(self._stream.snapshot):
                self.outbox.put(text)

    async def account_moved(self, event: dict[str, Any]) -> None:
        """Something of the account was committed."""
        self._wake.set()

    async def account_suspended(self, event: dict[str, Any]) -> None:
        await self.close(CLOSE_SUSPENDED)

    async def _authenticate(self, token: Any) -> None:
        if not isinstance(token, str) or not token.isascii():
            raise Refused(ErrorCode.INVALID_TOKEN)
        try:
            account_id = await read(self._account_of, token)
        except Refused as refused:
            self.say({"type": "error", **refused.body()})
            await self._leave(refused)
            return
        self._token = token
        await self._hear(account_id)
        self.say({"type": "authenticated"})
        self._stream = UserStream(account_id)
        await self.resynchronise()
        self._known.set()

    def _account_of(self, token: str) -> int:
        """Raises Refused unless the token is good, may read, and its user is not suspended."""
        user, bearer = authenticate_token(token, scope_address(self.scope))
        if "read" not in bearer.allowed_scopes:
            raise Refused(ErrorCode.PERMISSION_DENIED)
        return user.account.pk

    async def _hear(self, account_id: int) -> None:
        """Redis away: the follower looks every few seconds all the same."""
        try:
            await self.channel_layer.group_add(account_group(account_id), self.channel_name)
        except Exception:
            self._wake.set()

    async def _follow(self) -> None:
        """Send changes when woken, and now and then look whether the token still counts."""
        try:
            await asyncio.wait_for(self._known.wait(), AUTHENTICATE_SECONDS)
        except TimeoutError:
            await self.close(CLOSE_NOT_AUTHENTICATED)
            return
        assert self._stream is not None
        while True:
            woken = await self._woken()
            try:
                if not woken:
                    await read(self._account_of, self._token)
                for text in await read(self._stream.changes):
                    self.outbox.put(text)
            except Refused as refused:
                await self._leave(refused)
                return
            except LOST:
                await asyncio.sleep(LOOK_SECONDS)

    async def _woken(self) -> bool:
        """True if something was committed, False if only time has passed."""
        try:
            await asyncio.wait_for(self._wake.wait(), LOOK_SECONDS)
        except TimeoutError:
            return False
        self._wake.clear()
        return True

    async def _leave(self, refused: Refused) -> None:
        suspended = refused.code is ErrorCode.ACCOUNT_SUSPENDED
        await self.close(CLOSE_SUSPENDED if suspended else CLOSE_NOT_AUTHENTICATED)
