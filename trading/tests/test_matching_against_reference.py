"""The core against the naive reference engine: the same refusals, trades and queues after every command."""

import os
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from trading.matching.commands import Amend, Cancel, CancelAll, Place
from trading.tests.pit import Pit
from trading.tests.reference_book import ReferenceBook

LONG_RUN_SEED = int(os.environ.get("MATCHING_SEED", "20260314"))
LONG_RUN_COMMANDS = 20_000

PREVENTIONS = ("cancel_newest", "cancel_oldest", "cancel_both", "decrement")
SIDES = ("buy", "sell")
EVERY_END = {
    "", "CANCELLED_BY_USER", "IOC_REMAINDER", "FOK_NOT_FILLABLE", "NO_LIQUIDITY", "COST_BELOW_ONE_LOT",
    "SELF_TRADE_PREVENTED",
}  # fmt: skip


class Duel:
    """Both engines on the same commands. After each, everything that can be seen must be the same."""

    def __init__(self):
        self.pit = Pit()
        self.reference = ReferenceBook()
        self.number = 0
        self.compared = 0
        self.refusals = set()

    def carry_out(self, command):
        before = len(self.pit.events), self.pit.book.sequence
        refused = self.pit.carries_out(command)
        assert refused == self._reference(command), command
        assert self.pit.book.sequence - before[1] == len(self.pit.events) - before[0]
        self.refusals.add(refused)
        assert refused is None or len(self.pit.events) == before[0]
        self.compare()

    def compare(self):
        pit, reference = self.pit, self.reference
        assert pit.trades[self.compared :] == reference.trades[self.compared :]
        self.compared = len(pit.trades)
        for side in SIDES:
            queue = [
                (order.order_id, order.account_id, order.price, order.quantity, order.open)
                for level in pit.book.sides[side].keys
                for order in pit.book.sides[side].levels[abs(level)]
            ]
            assert queue == [(o.number, o.owner, o.price, o.quantity, o.open) for o in reference.queue(side)]
        assert not pit.book.is_crossed()

    def compare_all_orders(self):
        assert self.pit.trades == self.reference.trades
        expected = {**self.reference.orders, **self.reference.done}
        assert self.pit.slips.keys() == expected.keys()
        for number, order in expected.items():
            slip = self.pit.slips[number]
            assert slip.adds_up()
            assert slip.result() == (order.quantity, order.filled, order.cancelled, order.ended), number

    def _reference(self, command):
        if type(command) is Place:
            return self.reference.place(*command[:10])
        if type(command) is Cancel:
            return self.reference.cancel(command.order_id, command.account_id)
        if type(command) is CancelAll:
            return self.reference.cancel_all(command.account_id)
        return self.reference.amend(*command[:4])

    # ---- commands from plain numbers, so that hypothesis shrinks them and a seed repeats them ----

    def command(self, what, who, which, side, price, quantity, life, prevention):
        """what: 0-99, the mix below. which: picks an order, lying in the book if it can."""
        owner = 1 + who
        if what < 70:
            return self._place(what, owner, SIDES[side], price, quantity, life, PREVENTIONS[prevention])
        number, its_owner = self._pick(which)
        if what < 74:  # somebody else's, or one that is gone
            return Cancel(1 + which % max(1, self.number), owner)
        if what < 84:
            return Cancel(number, its_owner)
        if what < 97:
            new_price = price if what % 3 else None
            return Amend(number, its_owner, new_price, quantity if what % 3 != 1 else None)
        return CancelAll(owner)

    def _place(self, what, owner, side, price, quantity, life, prevention):
        self.number += 1
        kind = "market" if what < 12 else "limit"
        if kind == "limit":
            time_in_force = ("gtc", "gtc", "gtc", "gtc", "ioc", "fok")[life]
            post_only = time_in_force == "gtc" and what < 25
            return Place(
                self.number, owner, side, kind, price, quantity, None, time_in_force, post_only, prevention
            )
        time_in_force = "fok" if life == 5 else "ioc"
        by_cost = side == "buy" and what < 8
        lots, budget = (None, price * quantity + quantity * 7 - 60) if by_cost else (quantity, None)
        if by_cost and budget <= 0:
            budget = 1
        return Place(self.number, owner, side, kind, None, lots, budget, time_in_force, False, prevention)

    def _pick(self, which):
        lying = list(self.pit.book)
        if not lying:
            return 1, 1
        order = lying[which % len(lying)]
        return order.order_id, order.account_id


numbers = st.tuples(
    st.integers(0, 99), st.integers(0, 3), st.integers(0, 60), st.integers(0, 1),
    st.integers(96, 104), st.integers(1, 20), st.integers(0, 5), st.integers(0, 3),
)  # fmt: skip


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(numbers, min_size=30, max_size=90))
def test_any_commands_do_what_the_naive_engine_does(commands):
    duel = Duel()
    for drawn in commands:
        duel.carry_out(duel.command(*drawn))
    duel.compare_all_orders()


def test_a_long_day_goes_as_in_the_naive_engine():
    """MATCHING_SEED in the environment repeats another day."""
    chance, duel = random.Random(LONG_RUN_SEED), Duel()
    for done in range(LONG_RUN_COMMANDS):
        drawn = (
            chance.randrange(100), chance.randrange(4), chance.randrange(1000), chance.randrange(2),
            chance.randint(96, 104), chance.randint(1, 20), chance.randrange(6), chance.randrange(4),
        )  # fmt: skip
        try:
            duel.carry_out(duel.command(*drawn))
        except AssertionError as error:
            raise AssertionError(f"seed {LONG_RUN_SEED}, command {done}: {drawn}") from error
    duel.compare_all_orders()
    assert len(duel.reference.trades) > LONG_RUN_COMMANDS / 10, "the day was too quiet to show anything"
    assert duel.refusals == {None, "ORDER_NOT_OPEN", "AMEND_INVALID", "POST_ONLY_WOULD_TAKE"}
    assert {order.ended for order in duel.reference.done.values()} == EVERY_END
