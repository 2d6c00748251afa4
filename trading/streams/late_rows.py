"""Rows of a growing table, each shown once."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet

from common import clock
from trading.selectors.own_trades import OwnTrades

LATE = timedelta(seconds=15)  # longer than a batch may take from drawing its ids to its commit


class LateRows:
    """Ids are drawn before the commit, and markets commit apart, so a smaller id may become visible after a
    larger one. Each look therefore goes back over all that is younger than LATE.
    """

    def __init__(self, rows: QuerySet[Any] | OwnTrades) -> None:
        """rows: with `created_at`, newest first. Those that are visible now count as shown."""
        self._rows = rows
        settled = rows.filter(created_at__lt=clock.now() - LATE).first()
        self._settled_id: int = settled.pk if settled is not None else 0
        self._shown: set[int] = set()
        self._look()

    def new(self) -> list[Any]:
        """What has become visible since the last look, oldest first."""
        return list(self._rows.filter(pk__in=self._look()))[::-1]

    def _look(self) -> list[int]:
        window = list(self._rows.filter(pk__gt=self._settled_id).values_list("pk", "created_at"))
        new = [row_id for row_id, _ in window if row_id not in self._shown]
        horizon = clock.now() - LATE
        settled = (row_id for row_id, created_at in window if created_at < horizon)
        self._settled_id = max(settled, default=self._settled_id)
        self._shown = {row_id for row_id, _ in window if row_id > self._settled_id}
        return new
