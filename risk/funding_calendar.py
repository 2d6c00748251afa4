"""When the funding of a contract is due: at whole multiples of its interval since the epoch, or on from wherever an
administrator has put it. Pure."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def first_due(now: datetime, interval_seconds: int) -> datetime:
    """The first multiple of the interval since the epoch that is still to come."""
    interval = timedelta(seconds=interval_seconds)
    return _EPOCH + ((now - _EPOCH) // interval + 1) * interval


def last_due(next_due: datetime, interval_seconds: int, now: datetime) -> datetime | None:
    """The newest due time that has come, counted on from `next_due`; None before that."""
    if now < next_due:
        return None
    interval = timedelta(seconds=interval_seconds)
    return next_due + (now - next_due) // interval * interval
