"""The same commands give the same events and the same book, on any machine and in any process."""

import hashlib
import random

from trading.tests.drawn_commands import draw
from trading.tests.duel import Duel

SEED = 20260316
COMMANDS = 3_000
# What this day came to when it was written down. A change of the rules, of the mix of commands or of what a
# state hash is made of changes it, and nothing else may: not another machine, version of Python or hash seed.
BOOKS = "f907ad5daf384435176fef689d23e3bd49631472713466e22b20709962a8b432"


def test_a_day_on_this_machine_is_the_day_it_was_on_every_other():
    chance, duel, books = random.Random(SEED), Duel(fee_lots=5, widest=6), hashlib.sha256()
    for _ in range(COMMANDS):
        duel.carry_out_drawn(draw(chance))
        books.update(duel.pit.book.state_hash().encode())
    assert books.hexdigest() == BOOKS
