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
MOST_STEPS = 1_500  # of a day on which nobody is liquidated for long
AUDIT_EACH = 50
WANTED = {"warned", "reduced", "closed"}  # of a day worth looking at

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("seed", range(SEED, SEED + 3))
def test_all_laws_hold_whatever_happens_to_positions(monkeypatch, seed):
    """TRAFFIC_SEED in the environment repeats other traffic."""
    moment = [datetime(2030, 1, 1, tzinfo=UTC)]
    monkeypatch.setattr(clock, "now", lambda: moment[0])
    traffic = PerpetualTraffic(random.Random(seed), moment)
    steps, kinds = 0, set[str]()
    while steps < STEPS or (not kinds >= WANTED and steps < MOST_STEPS):
        for _ in range(AUDIT_EACH):
            traffic.step()
        steps += AUDIT_EACH
        assert audit.audit().violations == [], f"seed {seed}, after {steps} steps"
        kinds = set(LiquidationStep.objects.values_list("kind", flat=True))
    assert broken_laws() == []
    assert kinds >= WANTED, (seed, kinds, traffic.done)
