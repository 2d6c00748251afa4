"""Ask whether the exchange answers, once in each slot of five seconds, and keep the answer.

Whoever asks runs more often than slots begin, so that none is missed by a clock that is a little late; a slot that
was measured already is left alone. A slot that nobody measured has no row, and counts as down: the heartbeat notices
its own absence.
"""

from datetime import datetime

import requests
from django.conf import settings
from django.db import connection

from common import clock
from kpi.health import everything_is_ready
from kpi.models import Heartbeat

SLOT_SECONDS = 5
TIMEOUT_SECONDS = 3.0
DIRECTLY = {
    "http": "",
    "https": "",
}  # whatever way out of the house the environment names: this is our own door

_NOTE = """
    WITH fresh AS (
        INSERT INTO kpi_heartbeat (slot, is_ok) VALUES (%(slot)s, %(is_ok)s)
        ON CONFLICT (slot) DO NOTHING
        RETURNING slot, is_ok::int AS well
    )
    INSERT INTO kpi_heartbeatstat AS known (step_seconds, start, measured, well, first_slot, last_slot)
    SELECT step, date_bin(make_interval(secs => step), to_timestamp(slot * %(seconds)s), 'epoch'), 1, well, slot, slot
    FROM fresh, (VALUES (60), (3600)) AS steps (step)
    ON CONFLICT (step_seconds, start) DO UPDATE SET
        measured = known.measured + 1, well = known.well + excluded.well,
        first_slot = least(known.first_slot, excluded.first_slot),
        last_slot = greatest(known.last_slot, excluded.last_slot)
"""


def slot_of(moment: datetime) -> int:
    return clock.to_ms(moment) // (SLOT_SECONDS * 1000)


def beat_heart() -> bool | None:
    """Whether the exchange answers; None if somebody has asked in this slot."""
    slot = slot_of(clock.now())
    if Heartbeat.objects.filter(slot=slot).exists():
        return None
    is_ok = _answers()
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, {"slot": slot, "is_ok": is_ok, "seconds": SLOT_SECONDS})
    return is_ok


def _answers() -> bool:
    """The front door, if we know where it is; otherwise the parts that trading needs, as this process sees them."""
    if not settings.PROBE_URL:
        return everything_is_ready()
    try:
        answer = requests.get(
            settings.PROBE_URL, timeout=TIMEOUT_SECONDS, proxies=DIRECTLY, allow_redirects=False
        )
        return answer.status_code == 200  # and not some other page that it leads to
    except requests.RequestException:
        return False
