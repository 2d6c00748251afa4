"""Move what processes have counted into the rows of minutes and hours, each slice exactly once."""

from django.db import connection, transaction

from common import clock
from kpi.models import RollUp

SLICES = "requests"  # its row of RollUp
MOST_SLICES = 2_000  # of one statement
_ADVISORY_LOCK = 7_364_001  # one roll-up at a time: two would wait for each other's rows

# A slice that is deleted is added up in the same statement, or neither is done: no "newest id that was seen",
# which would miss what commits late.
_ROLL_UP = """
    WITH taken AS (
        DELETE FROM kpi_slice WHERE id IN (SELECT id FROM kpi_slice ORDER BY id LIMIT %(most)s)
        RETURNING minute, content
    ),
    slice AS (
        SELECT step, date_bin(make_interval(secs => step), minute, 'epoch') AS start, content
        FROM taken, (VALUES (60), (3600)) AS steps (step)
    ),
    requests AS (
        INSERT INTO kpi_requeststat AS known
            (step_seconds, start, endpoint, method, status, code, requests, total_us, slowest_us)
        SELECT step, start, r ->> 0, r ->> 1, (r ->> 2)::int, r ->> 3,
               sum((r ->> 4)::bigint), sum((r ->> 5)::bigint), max((r ->> 6)::bigint)
        FROM slice, jsonb_array_elements(content -> 'requests') AS r
        GROUP BY 1, 2, 3, 4, 5, 6
        ON CONFLICT (step_seconds, start, endpoint, method, status, code) DO UPDATE SET
            requests = known.requests + excluded.requests, total_us = known.total_us + excluded.total_us,
            slowest_us = greatest(known.slowest_us, excluded.slowest_us)
    ),
    latency AS (
        INSERT INTO kpi_latencystat AS known (step_seconds, start, bucket, requests)
        SELECT step, start, (r ->> 0)::int, sum((r ->> 1)::bigint)
        FROM slice, jsonb_array_elements(content -> 'latency') AS r
        GROUP BY 1, 2, 3
        ON CONFLICT (step_seconds, start, bucket) DO UPDATE SET requests = known.requests + excluded.requests
    ),
    counters AS (
        INSERT INTO kpi_counterstat AS known (step_seconds, start, name, label, amount)
        SELECT step, start, r ->> 0, r ->> 1, sum((r ->> 2)::bigint)
        FROM slice, jsonb_array_elements(content -> 'counters') AS r
        GROUP BY 1, 2, 3, 4
        ON CONFLICT (step_seconds, start, name, label) DO UPDATE SET amount = known.amount + excluded.amount
    )
    SELECT count(*) FROM taken
"""


def roll_up_slices(most: int = MOST_SLICES) -> int:
    """How many slices there were. Safe to run twice at once, and to stop anywhere.

    most: how many go into one transaction.
    """
    begun, added = clock.now(), 0
    while (taken := _roll_up(most)) is not None:
        added += taken
        if taken < most:
            RollUp.objects.update_or_create(name=SLICES, defaults={"done_at": begun})
            break
    return added


@transaction.atomic
def _roll_up(most: int) -> int | None:
    """None if another roll-up is at work: it is left to it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_ADVISORY_LOCK])
        if not cursor.fetchone()[0]:
            return None
        cursor.execute(_ROLL_UP, {"most": most})
        return int(cursor.fetchone()[0])
