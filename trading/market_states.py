"""How a market gets from one state to another: a halted one opens only through a call auction."""

from trading.matching.commands import SetStatus
from trading.matching.terms import AUCTION, HALTED, OPEN

LONGEST_AUCTION_SECONDS = 86_400


def change(
    now_is: str, ends_at: int | None, wanted: str, auction_seconds: int | None, reason: str, now: int
) -> SetStatus:
    """What to do to a market that is in one state so that it comes to another.

    ends_at, now: milliseconds since the epoch. auction_seconds: how long a call auction lasts; of one that is
    asked for by name, None means until the market is opened. Opening never makes an auction last longer.
    """
    if wanted == AUCTION:
        return SetStatus(AUCTION, reason, None if auction_seconds is None else now + auction_seconds * 1000)
    if wanted == OPEN and now_is in (HALTED, AUCTION):
        ends = now + (auction_seconds or 0) * 1000
        if now_is == AUCTION and ends_at is not None:
            ends = min(ends, ends_at)
        return SetStatus(AUCTION, reason, ends)
    return SetStatus(wanted, reason)
