"""Pages of tables with millions of rows: nothing is ever counted to the end."""

from typing import Any

from django.core.paginator import Paginator
from django.db import connection
from django.utils.functional import cached_property

MOST_ROWS = 10_000


class BoundedPaginator(Paginator):
    """The first MOST_ROWS rows in pages: neither counting nor the last page costs more as the table grows.

    Whoever looks for something older searches for it or filters.
    """

    @cached_property
    def _counted(self) -> int:
        rows: Any = self.object_list
        return rows.order_by()[: MOST_ROWS + 1].count()

    @cached_property
    def count(self) -> int:
        return min(self._counted, MOST_ROWS)

    @property
    def is_cut(self) -> bool:
        """There are more rows than the pages show."""
        return self._counted > MOST_ROWS

    @property
    def estimate(self) -> int | None:
        """About how many rows the whole table has, as PostgreSQL last estimated; None for a search or filter."""
        rows: Any = self.object_list
        if rows.query.where:
            return None
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [rows.model._meta.db_table]
            )
            [rows_estimated] = cursor.fetchone()
        return rows_estimated if rows_estimated > MOST_ROWS else None
