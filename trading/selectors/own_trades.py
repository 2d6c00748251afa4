"""An account's trades."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from trading.models import Trade


class OwnTrades:
    """The trades in which an account was taker, and those in which it was maker, newest first.

    To be used like a QuerySet. `taker OR maker` as one condition invites PostgreSQL to walk back through the
    trades of everybody until a page is full, which for an account with few trades is never. Here each half is
    read from its own index and no further than the page goes, in one statement. No trade is in both halves,
    because nobody trades with themself.
    """

    def __init__(self, taker: QuerySet[Trade], maker: QuerySet[Trade]) -> None:
        self._taker = taker
        self._maker = maker

    def filter(self, **conditions: Any) -> "OwnTrades":
        return OwnTrades(self._taker.filter(**conditions), self._maker.filter(**conditions))

    def order_by(self, key: str) -> "OwnTrades":
        """For those who page. Raises ValueError for any order but newest first, in which they are anyway."""
        if key not in ("-id", "-pk"):
            raise ValueError(f"own trades are read newest first, not by {key}")
        return self

    def first(self) -> Trade | None:
        return next(iter(self[:1]), None)

    def values_list(self, *columns: str) -> QuerySet[Trade, Any]:
        taker, maker = (
            self._taker.order_by().values_list(*columns),
            self._maker.order_by().values_list(*columns),
        )
        return taker.union(maker, all=True).order_by("-id")

    def __getitem__(self, page: slice) -> QuerySet[Trade]:
        """The newest `page.stop` trades."""
        newest = slice(page.stop)
        halves = (half.order_by("-id")[newest] for half in (self._taker, self._maker))
        return next(halves).union(*halves, all=True).order_by("-id")[newest]

    def __iter__(self) -> Iterator[Trade]:
        return iter(self._taker.order_by().union(self._maker.order_by(), all=True).order_by("-id"))
