"""Busy days on a perpetual desk, after which, and in whose middle, the audit finds nothing."""

import os
import random
from datetime import UTC, datetime

import pytest

from common import clock
from risk.models import LiquidationStep
from trading import audit
from trading.tests.laws import broken_laws
from trading.tests.perpetual_traffic import PerpetualTraffic

SEED = int(os.environ.get("TRAFFIC_SEED", "3"))
STEPS = 300

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("seed", range(SEED, SEED + 3))
def test_all_laws_hold_whatever_happens_to_positions(monkeypatch, seed):
    """TRAFFIC_SEED in the environment repeats other traffic."""
    moment = [datetime(2030, 1, 1, tzinfo=UTC)]
    monkeypatch.setattr(clock, "now", lambda: moment[0])
    traffic = PerpetualTraffic(random.Random(seed), moment)
    for number in range(STEPS):
        traffic.step()
        if number % 50 == 49:
            assert audit.audit().violations == [], f"seed {seed}, after step {number}"
    assert broken_laws() == []
    kinds = set(LiquidationStep.objects.values_list("kind", flat=True))
    assert "TRAFFIC_SEED" in os.environ or {"warned", "closed"} <= kinds, (kinds, traffic.done)
