"""The connections of this process whose end cancels their account's orders."""

import asyncio
import logging
from collections.abc import Callable
from uuid import UUID

from trading.services.cancel_on_disconnect import (
    cancel_on_disconnect,
    guard_connection,
    hand_over_guards,
    renew_guards,
)
from trading.streams.readers import LOST, Reader

logger = logging.getLogger(__name__)

RENEW_SECONDS = 4.0
HAND_OVER_SECONDS = 2.0

# Apart, so that many cancels do not hold up the renewals of those who live.
renewer = Reader("guard-renewer", 1)
striker = Reader("guard-striker", 2)


class Guards:
    """All of them are renewed together, by one statement now and then."""

    def __init__(self) -> None:
        self._lost: dict[UUID, Callable[[], None]] = {}
        self._task: asyncio.Task[None] | None = None
        self._striking: set[asyncio.Task[None]] = set()
        self._handed_over: set[UUID] = set()

    async def watch(self, account_id: int, lost: Callable[[], None]) -> UUID:
        """Guard a connection; `lost` is called if its guard struck although it lives. Raises one of LOST."""
        connection_id = await renewer.read(guard_connection, account_id)
        self._lost[connection_id] = lost
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._renew())
        return connection_id

    async def strike(self, connection_id: UUID) -> None:
        """The connection has ended. If its orders cannot be cancelled now, the sweep does it."""
        self._lost.pop(connection_id, None)
        if connection_id in self._handed_over:
            return
        striking = asyncio.create_task(self._strike(connection_id))
        self._striking.add(striking)
        striking.add_done_callback(self._striking.discard)
        await asyncio.shield(striking)  # whoever waits may be cancelled; this goes on

    async def hand_over(self) -> None:
        """This process stops: the clients have a while to come back before their guards strike.

        If the database does not answer in time the guards stay as they are, and the sweep strikes sooner.
        """
        known, self._lost = list(self._lost), {}
        if not known:
            return
        try:
            async with asyncio.timeout(HAND_OVER_SECONDS):
                self._handed_over |= await renewer.read(hand_over_guards, known)
        except Exception as error:  # whatever it is: the clients have to be told that we stop
            logger.warning("guards not handed over: %s", error)

    def is_handed_over(self, connection_id: UUID) -> bool:
        return connection_id in self._handed_over

    async def _strike(self, connection_id: UUID) -> None:
        try:
            await striker.read(cancel_on_disconnect, connection_id)
        except Exception as error:
            logger.warning("left to the sweep: cancel on disconnect of %s: %s", connection_id, error)

    async def _renew(self) -> None:
        while self._lost:
            await asyncio.sleep(RENEW_SECONDS)
            known = list(self._lost)
            try:
                standing = await renewer.read(renew_guards, known)
            except LOST as error:
                logger.warning("guards not renewed: %s", error)
                continue
            for connection_id in known:
                if connection_id not in standing and (lost := self._lost.pop(connection_id, None)):
                    lost()


guards = Guards()
