"""Perpetuals add up: people trade by chance while prices jump, and after every step each balance, each position and
each fund is what a second, naive count of the same trades comes to. PERPETUAL_SEED in the environment repeats a day,
PERPETUAL_STEPS makes it longer."""

import os
import random
from decimal import Decimal
from fractions import Fraction

import pytest

from market.models import Price
from risk.models import Liquidation, Position
from trading import services
from trading.selectors.watched import due_for_a_look
from trading.tests.perpetual_chance import Day
from trading.tests.perpetual_desk import ETH_PERP, PERP
from trading.tests.reference_risk.comparing import differences, live_orders
from trading.tests.reference_risk.following import Following
from trading.tests.reference_risk.telling import false_tales

pytestmark = pytest.mark.django_db(transaction=True)

SEED = int(os.environ.get("PERPETUAL_SEED", "3"))
STEPS = int(os.environ.get("PERPETUAL_STEPS", "160"))


@pytest.mark.parametrize("seed", [SEED, SEED + 1])
def test_after_each_step_everything_is_what_the_trades_come_to(seed):
    day, following, past = Day(random.Random(seed)), Following(), []
    for number in range(STEPS):
        what, outcome = day.step()
        past.append(f"{number} {what} {outcome}")
        assert_adds_up(following, f"PERPETUAL_SEED={seed}", *past[-6:])
        if number % 4 == 0:
            assert [*told_wrongly(following)] == [], "\n".join([f"PERPETUAL_SEED={seed}", *past[-6:]])
    assert Position.objects.exclude(size=0).exists(), f"PERPETUAL_SEED={seed}: too quiet to show anything"
    crashes(day, following, seed)
    ends(day, following, seed)


def assert_adds_up(following, *after):
    wrong = [*differences(following), *overlooked(following)]
    assert wrong == [], "\n".join([*after, *wrong])


def crashes(day, following, seed):
    """Both prices halve, then double twice: whoever is left is liquidated."""
    for factor in (Decimal("0.5"), Decimal(2), Decimal(2)):
        for symbol in (PERP, ETH_PERP):
            day.prices[symbol] *= factor
            day.desk.marks(str(day.prices[symbol]), symbol)
        services.sweep_liquidations()
        assert_adds_up(following, f"PERPETUAL_SEED={seed}", f"prices times {factor}")
    assert Liquidation.objects.filter(status="closed").exists(), (
        f"PERPETUAL_SEED={seed}: nobody was liquidated"
    )


def ends(day, following, seed):
    """What is owed of fundings is paid: each contract keeps what rounding left, less than a unit for each payment."""
    services.settle_funding()
    assert_adds_up(following, f"PERPETUAL_SEED={seed}")
    for symbol, contract in following.books.contracts.items():
        assert contract.funding >= 0, f"PERPETUAL_SEED={seed}: more funding of {symbol} came out than went in"
    assert day.desk.audited() == [], f"PERPETUAL_SEED={seed}"


def told_wrongly(following):
    _, _, firm = live_orders()
    rows = Price.objects.filter(mark__isnull=False).select_related("market")
    marks = {row.market.symbol: Fraction(row.mark) for row in rows}
    for contract in following.books.contracts.values():
        for account, held in contract.held.items():
            firm[account] += held.margin
    return false_tales(following, marks, {row.market.symbol: Fraction(row.market.tick) for row in rows}, firm)


def overlooked(following):
    """Accounts that must be warned and would not be looked at."""
    books, (_, _, firm) = following.books, live_orders()
    marks = {row.market.symbol: Fraction(row.mark) for row in Price.objects.filter(mark__isnull=False)}
    due = {(each.account_id, each.symbol) for each in due_for_a_look()}
    looked_at = {account for account, _ in due}
    known = set(Liquidation.objects.filter(status="warned").values_list("account_id", "market__symbol"))
    for symbol, contract in books.contracts.items():
        for account, held in contract.held.items():
            if held.size and held.pending(contract.index):
                return  # not counted anew before it is paid
            firm[account] += held.margin
            if held.size and held.isolated and (account, symbol) not in due:
                equity, needed = books.standing_alone(symbol, account, marks[symbol])
                level = Fraction(1) if (account, symbol) in known else Fraction(5, 4)
                if equity < needed * level:
                    yield f"isolated {symbol} of {account} has {equity} for {needed} and is overlooked"
    for account in {account for contract in books.contracts.values() for account in contract.held}:
        equity, needed = books.standing(account, marks, firm[account])
        level = Fraction(1) if (account, None) in known else Fraction(5, 4)
        if equity < needed * level and account not in looked_at:
            yield f"{account} has {equity} for {needed} and is overlooked"
