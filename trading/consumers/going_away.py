"""The end of a socket process in good order."""

import asyncio

from trading.consumers.base import open_sockets
from trading.consumers.guards import guards

GOODBYE_SECONDS = 2.0  # for clients that do not read


async def hang_up() -> None:
    """Tell every client of this process that it stops, and close its connection.

    Orders of clients with cancel_on_disconnect stay for a while, so that they can come back to them.
    """
    await guards.hand_over()
    leaving = [asyncio.create_task(each.go_away()) for each in open_sockets]
    if leaving:
        await asyncio.wait(leaving, timeout=GOODBYE_SECONDS)
