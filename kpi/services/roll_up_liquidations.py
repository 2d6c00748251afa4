"""Count the steps of liquidations into rows of minutes and hours.

Their ids are no order of commits, so what was counted lately is counted anew and written over: the last quarter of an
hour is longer than any transaction lasts.
"""

from datetime import timedelta

from django.db import connection

from common import clock
from kpi.models import HOUR, RollUp
from market.candles import floor_time

LIQUIDATIONS = "liquidations"  # its row of RollUp, and its name in CounterStat
BEGUN = "begun"  # its label there, beside the kinds of steps
LATEST_COMMIT = timedelta(minutes=15)

# The first step of a liquidation is its beginning.
_COUNT = """
    WITH step AS (
        SELECT created_at, number, kind FROM risk_liquidationstep WHERE created_at >= %(since)s
    ),
    told AS (
        SELECT created_at, kind AS label FROM step
        UNION ALL
        SELECT created_at, %(begun)s FROM step WHERE number = 1
    )
    INSERT INTO kpi_counterstat AS known (step_seconds, start, name, label, amount)
    SELECT seconds, date_bin(make_interval(secs => seconds), created_at, 'epoch') AS start, %(name)s, label, count(*)
    FROM told, (VALUES (60), (3600)) AS steps (seconds)
    GROUP BY seconds, start, label
    ORDER BY seconds, start, label
    ON CONFLICT (step_seconds, start, name, label) DO UPDATE SET amount = excluded.amount
    WHERE known.amount <> excluded.amount
"""


def roll_up_liquidations() -> None:
    """Safe to run twice at once, and to stop anywhere."""
    begun = clock.now()
    last = RollUp.objects.filter(name=LIQUIDATIONS).values_list("done_at", flat=True).first()
    # A clock that was ahead when this was last done must not hide what happens until that time has come.
    since = floor_time(min(last or clock.from_ms(0), begun) - LATEST_COMMIT, HOUR)
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"since": since, "name": LIQUIDATIONS, "begun": BEGUN})
    RollUp.objects.update_or_create(name=LIQUIDATIONS, defaults={"done_at": begun})
