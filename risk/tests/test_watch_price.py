"""Where an account is watched: as long as no mark price has come there, it is well."""

import random
from fractions import Fraction

import pytest

from risk.brackets import Brackets
from risk.health import Health, Holding, Terms, watch_price

BRACKETS = Brackets([(0, 20, 5_000), (250_000_000, 10, 10_000), (1_000_000_000, 5, 25_000)])
BTC = Terms(1, 100, BRACKETS, 500, 1_000)
ETH = Terms(2, 7, BRACKETS, 500, 1_000)


def at(holding, mark):
    return holding._replace(mark=mark)


def needs_a_look(health, is_warned):
    """By fractions, from the definitions: equity below 1.25 times the maintenance margin, or once warned below it."""
    equity, maintenance = Fraction(health.cash), Fraction(0)
    for each in health.holdings:
        worth = each.size * each.mark * each.terms.step
        equity += worth - each.cost - each.funding
        row = max(row for row in each.terms.brackets.rows if row.floor <= abs(worth))
        maintenance += (Fraction(abs(worth)) * row.rate - row.amount) / 1_000_000
    return equity < maintenance * (1 if is_warned else Fraction(5, 4))


def drawn(dice):
    """Two or three positions that are near their margin, on either side of the level."""
    holdings = []
    for terms, price in ((BTC, 50_000), (ETH, 25_000), (BTC, 40_000))[: dice.randint(1, 3)]:
        size, entry = dice.choice((-1, 1)) * dice.randint(1, 300), price + dice.randint(-900, 900)
        holdings.append(
            Holding(
                terms, size, size * entry * terms.step, price + dice.randint(-900, 900), dice.randint(-99, 99)
            )
        )
    margin = sum(each.maintenance for each in holdings) - sum(each.unrealised for each in holdings)
    return Health(margin * dice.randint(80, 190) // 100 if margin > 0 else 0, holdings)


def short_of(holding, watch):
    """One tick before the watch price is reached; None if it always is."""
    mark = watch + 1 if holding.size > 0 else watch - 1
    return mark if mark > 0 else None


@pytest.mark.parametrize("is_warned", [False, True])
def test_no_account_needs_a_look_as_long_as_no_mark_has_reached_its_watch_price(is_warned):
    dice, found = random.Random(20), {False: 0, True: 0}
    for _ in range(2_000):
        health = drawn(dice)
        marks = [short_of(each, watch_price(health, each, is_warned)) for each in health.holdings]
        if None in marks:
            continue
        found[needs_a_look(health, is_warned)] += 1
        moved = Health(health.cash, [at(*pair) for pair in zip(health.holdings, marks, strict=True)])
        assert not needs_a_look(moved, is_warned)
    assert min(found.values()) > 100


@pytest.mark.parametrize("is_warned", [False, True])
def test_an_account_below_the_level_is_due_now(is_warned):
    dice, below = random.Random(21), 0
    for _ in range(2_000):
        health = drawn(dice)
        if needs_a_look(health, is_warned):
            below += 1
            watches = [(each, watch_price(health, each, is_warned)) for each in health.holdings]
            assert any(each.mark <= watch if each.size > 0 else each.mark >= watch for each, watch in watches)
    assert below > 100


def test_a_position_is_watched_close_to_where_the_warning_is():
    """Not earlier than a tick before it, if it is the only one."""
    dice = random.Random(22)
    for _ in range(500):
        health = drawn(dice)
        holding = health.holdings[0]
        alone = Health(health.cash, [holding])
        watch = watch_price(alone, holding, False)
        beyond = watch - 1 if holding.size > 0 else watch + 1
        if watch > 1:
            assert needs_a_look(Health(alone.cash, [at(holding, beyond)]), False)
