"""/ws/user: one's own orders, fills and balances, after the first message has said who one is."""

import asyncio
import logging
import time
from collections.abc import Callable
from math import inf
from typing import Any
from uuid import UUID

from accounts.services import authenticate_token
from common.api.address import scope_address
from common.api.answered import WHOSE
from common.errors import ErrorCode, Refused
from trading.consumers.base import CLOSE_RESTART, OutboxConsumer
from trading.consumers.guards import guards
from trading.matching_service.publish import account_group
from trading.services.cancel_on_disconnect import RETURN_SECONDS
from trading.streams.both_accounts import BothAccounts
from trading.streams.readers import LOST, user_reader
from trading.streams.wake_ups import wake_ups

logger = logging.getLogger(__name__)

CLOSE_BROKEN = 1011
CLOSE_NOT_AUTHENTICATED = 4001
CLOSE_SUSPENDED = 4003
CLOSE_GIVEN_UP = 4010
AUTHENTICATE_SECONDS = 10.0
LOOK_SECONDS = 5.0  # how often the token and the account are looked at without being woken

_GIVEN_UP = Refused(
    ErrorCode.UNAVAILABLE,
    "The exchange lost sight of this connection, and the account's orders were cancelled.",
)


class UserConsumer(OutboxConsumer):
    """First message: {"action": "authenticate", "token": access token}. Then snapshots, then changes.

    With "cancel_on_disconnect": true all live orders of the account are cancelled when this connection ends.
    """

    stream = "user"

    async def connect(self) -> None:
        self._token = ""
        self._stream: BothAccounts | None = None
        self._listens: list[int] = []  # to which accounts
        self._known = asyncio.Event()  # set once the client has said who it is
        self._wake = asyncio.Event()
        self._turn = asyncio.Lock()  # one look at a time, and what it found goes out before the next
        self._guard: UUID | None = None  # if the end of this connection cancels orders
        self._guard_struck = False
        self._looked_at = time.monotonic()  # whether the token still counts
        await super().connect()
        self._follower = asyncio.create_task(self._follow())

    async def disconnect(self, code: int) -> None:
        await super().disconnect(code)
        if hasattr(self, "_follower"):
            self._follower.cancel()
        for account_id in self._listens:
            wake_ups.leave(account_group(account_id), self._hear)
        await self._end_guard()

    async def leave(self, code: int, last_words: dict[str, Any] | None = None) -> None:
        await super().leave(code, last_words)
        await self._end_guard()

    async def go_away(self) -> None:
        guard, self._guard = self._guard, None
        word: dict[str, Any] = {"type": "going_away"}
        if guard is not None and guards.is_handed_over(guard):
            word["return_within_ms"] = RETURN_SECONDS * 1000
        await self.leave(CLOSE_RESTART, word)

    async def _end_guard(self) -> None:
        guard, self._guard = self._guard, None
        if guard is not None:
            await guards.strike(guard)

    async def handle(self, message: dict[str, Any]) -> None:
        action = message.get("action")
        if action == "authenticate" and self._stream is None:
            await self._authenticate(message.get("token"), message.get("cancel_on_disconnect", False))
        elif action == "resync" and self._stream is not None:
            await self.resynchronise()
        elif action != "pong":
            raise Refused(ErrorCode.BAD_REQUEST, "First authenticate; then action must be resync or pong.")

    async def resynchronise(self) -> None:
        if self._stream is not None:
            await self._tell(self._stream.snapshot)

    async def _tell(self, look: Callable[[], list[str]]) -> None:
        async with self._turn:
            for text in await user_reader.read(look):
                self.outbox.put(text)

    async def _authenticate(self, token: Any, cancels: Any) -> None:
        if not isinstance(cancels, bool):
            raise Refused(ErrorCode.BAD_REQUEST, "cancel_on_disconnect must be true or false.")
        try:
            if not isinstance(token, str) or not token.isascii():
                raise Refused(ErrorCode.INVALID_TOKEN)
            account_id = await user_reader.read(self._account_of, token, *(["trade"] if cancels else []))
        except Refused as refused:
            await self._leave(refused)
            return
        stream = BothAccounts(account_id)
        snapshot = await user_reader.read(stream.snapshot)
        if cancels:
            self._guard = await guards.watch(account_id, self._hear_of_guard)
        self._token, self._stream = token, stream
        self._listen_to_all()
        self._wake.set()  # for what was committed since the snapshot
        self.say({"type": "authenticated"} | ({"cancel_on_disconnect": True} if cancels else {}))
        for text in snapshot:
            self.outbox.put(text)
        self._known.set()

    def _listen_to_all(self) -> None:
        """A margin account may have been opened meanwhile."""
        assert self._stream is not None
        for account_id in self._stream.account_ids:
            if account_id not in self._listens:
                self._listens.append(account_id)
                wake_ups.listen(account_group(account_id), self._hear)
                self._wake.set()  # for what was committed before

    def _account_of(self, token: str, *more_scopes: str) -> int:
        """Raises Refused unless the token is good, has the scopes (read, and more), and its user is not suspended."""
        user, bearer = authenticate_token(token, scope_address(self.scope))
        for scope in ("read", *more_scopes):
            if scope not in bearer.allowed_scopes:
                raise Refused(ErrorCode.PERMISSION_DENIED, f"This takes the scope {scope}.")
        self.scope.get(WHOSE, {}).update(user_id=user.pk, key_id=bearer.key_id)
        return user.account.pk

    def _hear_of_guard(self) -> None:
        """It ran out although the connection lives, and the orders were cancelled: the client must be told."""
        self._guard, self._guard_struck = None, True
        self._wake.set()

    def _hear(self, message: dict[str, Any]) -> None:
        """Something of the account was committed, or the account was suspended."""
        if message["type"] == "account.suspended":
            self._looked_at = -inf
        self._wake.set()

    async def _follow(self) -> None:
        """Send changes when woken, and now and then look whether the token still counts."""
        try:
            await asyncio.wait_for(self._known.wait(), AUTHENTICATE_SECONDS)
        except TimeoutError:
            await self._leave(Refused(ErrorCode.NOT_AUTHENTICATED))
            return
        while not self._has_left:
            try:
                await asyncio.wait_for(self._wake.wait(), LOOK_SECONDS)
            except TimeoutError:
                pass  # a wake-up may have been lost
            self._wake.clear()
            if self._guard_struck:
                await self.leave(CLOSE_GIVEN_UP, {"type": "error", **_GIVEN_UP.body()})
            await self._catch_up()

    async def _catch_up(self) -> None:
        assert self._stream is not None
        try:
            await self._look_at_token()
            await self._tell(self._stream.changes)
            self._listen_to_all()
        except Refused as refused:
            await self._leave(refused)
        except LOST:
            await asyncio.sleep(LOOK_SECONDS)
        except Exception:  # a bug: better a closed connection than silence
            logger.exception("cannot follow account %s", self._stream.account_id)
            await self.leave(CLOSE_BROKEN)

    async def _look_at_token(self) -> None:
        """Raises Refused if it does not count any more. However busy the account: looked at every few seconds."""
        now = time.monotonic()
        if now - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = now
        try:
            await user_reader.read(self._account_of, self._token)
        except LOST:
            self._looked_at = -inf
            raise

    async def _leave(self, refused: Refused) -> None:
        """Close, and say why."""
        suspended = refused.code is ErrorCode.ACCOUNT_SUSPENDED
        code = CLOSE_SUSPENDED if suspended else CLOSE_NOT_AUTHENTICATED
        await self.leave(code, {"type": "error", **refused.body()})
