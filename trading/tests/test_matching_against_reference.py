"""The core against the naive reference engine: the same refusals, trades and orders after every command."""

import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading.matching.terms import Reason
from trading.tests.drawn_commands import draw, drawn_commands
from trading.tests.duel import Duel

SEED = int(os.environ.get("MATCHING_SEED", "20260314"))
IN_A_NORMAL_RUN = 100_000
COMMANDS = int(os.environ.get("MATCHING_COMMANDS", str(IN_A_NORMAL_RUN)))
COMMANDS_OF_A_DAY = 20_000  # each day begins with an empty book, as the naive engine forgets nothing

EVERY_REFUSAL = {
    None, "ORDER_NOT_OPEN", "AMEND_INVALID", "POST_ONLY_WOULD_TAKE", "MARKET_NOT_OPEN", "WOULD_TRIGGER_AT_ONCE",
    "NO_REFERENCE_PRICE",
}  # fmt: skip
# Reasons that only the matching service gives, and the one of a part and not of an end.
OF_OTHERS = {
    Reason.CANCEL_AFTER, Reason.DISCONNECTED, Reason.SUSPENDED, Reason.STAFF, Reason.FUNDS, Reason.AMEND,
    Reason.MARGIN, Reason.REDUCE_ONLY, Reason.LIQUIDATION, Reason.WIND_DOWN,
}  # fmt: skip
EVERY_END = {"", *(reason.value for reason in set(Reason) - OF_OTHERS)}


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(drawn_commands, min_size=30, max_size=90))
def test_any_commands_do_what_the_naive_engine_does(commands):
    duel = Duel()
    for drawn in commands:
        duel.carry_out_drawn(drawn)
    duel.compare_all_orders()


@pytest.mark.timeout(240 + COMMANDS // 100)
def test_long_days_go_as_in_the_naive_engine():
    """MATCHING_SEED and MATCHING_COMMANDS in the environment repeat or prolong them."""
    refusals, ends, trades = set(), set(), 0
    for day in range(-(-COMMANDS // COMMANDS_OF_A_DAY)):
        duel = a_long_day(SEED + day, min(COMMANDS_OF_A_DAY, COMMANDS - day * COMMANDS_OF_A_DAY))
        refusals |= duel.refusals
        ends |= {order.ended for order in duel.reference.done.values()}
        trades += len(duel.reference.trades)
    if COMMANDS >= IN_A_NORMAL_RUN:
        assert trades > COMMANDS / 10, "the days were too quiet to show anything"
        assert refusals == EVERY_REFUSAL
        assert ends == EVERY_END


def a_long_day(seed, commands):
    chance = random.Random(seed)
    duel = Duel(fee_lots=(None, 5)[seed % 2], widest=(None, 6, 3)[seed % 3])
    for number in range(commands):
        drawn = draw(chance)
        try:
            duel.carry_out_drawn(drawn)
        except Exception as error:
            raise AssertionError(f"MATCHING_SEED={seed}, command {number}: {drawn}") from error
    duel.compare_all_orders()
    return duel
