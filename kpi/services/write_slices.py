"""Append what one process has counted."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import connection

from common import clock
from kpi.tallies import MinuteTally

_WRITE = """
    WITH fresh AS (
        INSERT INTO kpi_source AS known (process, batch, seen_at) VALUES (%(process)s, %(batch)s, %(now)s)
        ON CONFLICT (process) DO UPDATE SET batch = excluded.batch, seen_at = excluded.seen_at
        WHERE known.batch < excluded.batch
        RETURNING process
    )
    INSERT INTO kpi_slice (minute, content)
    SELECT to_timestamp(slice.minute * 60), slice.content
    FROM fresh, unnest(%(minutes)s::bigint[], %(contents)s::jsonb[]) AS slice (minute, content)
"""


def write_slices(process: UUID, batch: int, minutes: Mapping[int, MinuteTally]) -> None:
    """Of that process, by minute since the epoch; a batch that has arrived before is left out.

    batch: a number that grows. One statement: it is there as a whole, or not at all.
    """
    given: dict[str, Any] = {
        "process": process,
        "batch": batch,
        "now": clock.now(),
        "minutes": list(minutes),
        "contents": [json.dumps(tally.content()) for tally in minutes.values()],
    }
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, given)
