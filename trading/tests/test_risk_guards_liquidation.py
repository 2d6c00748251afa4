"""A liquidation takes no more than it must, from nobody but whose turn it is, and tells what it did."""

from decimal import Decimal

import pytest

from accounts.ledger import Entry
from accounts.models import Account
from accounts.services import outside_account, post_transaction
from trading import services
from trading.audit import audit
from trading.models import Order
from trading.tests.meddling import before, elsewhere
from trading.tests.perpetual_desk import PERP, PerpetualDesk

PEOPLE = ("alice", "bob", "carol", "dave")


@pytest.fixture
def desk(transactional_db):
    """Alice has 6,000 and may take 10x; the others have enough."""
    desk = PerpetualDesk(PEOPLE, {"USDT": "6000"}, dict.fromkeys(PEOPLE, "advanced"))
    for name in ("bob", "carol", "dave"):
        desk.deposits(name, "1000000")
    desk.leverages("alice", 10)
    return desk


def endow(amount):
    fund, outside, amount = (
        Account.objects.get(name=f"insurance:{PERP}").pk,
        outside_account().pk,
        Decimal(amount),
    )
    post_transaction("deposit", [Entry(fund, "USDT", amount), Entry(outside, "USDT", -amount)])


def falls(desk, mark):
    desk.marks(mark)
    swept = services.sweep_liquidations()
    assert swept.unfinished == 0
    return dict(swept.found)


def steps(desk, who="alice"):
    return [step.kind for step in desk.liquidation(who).steps.order_by("number")]


def step(desk, kind):
    return desk.liquidation("alice").steps.get(kind=kind)


def test_orders_that_would_add_risk_go_first(desk):
    desk.trades("alice", "bob", "1", at="50000")
    bid = desk.buys("alice", "0.05", at="44000", symbol=PERP)
    ask = desk.sells("alice", "0.5", at="52000", symbol=PERP, reduce_only=True)
    desk.buys("carol", "5", at="44200", symbol=PERP)
    falls(desk, "44200")
    assert desk.fate(bid) == "cancelled LIQUIDATION"
    assert desk.fate(ask) == "open"
    assert steps(desk)[:2] == ["warned", "orders_cancelled"]


def test_no_bid_below_the_bankruptcy_price_is_taken_without_the_fund(desk):
    desk.trades("alice", "bob", "1", at="50000")
    low = desk.buys("carol", "5", at="40000", symbol=PERP)
    desk.marks("44100")
    assert services.sweep_liquidations().unfinished == 1  # until somebody bids, or nothing is left
    assert (desk.fate(low), desk.position("alice")) == ("open", "long 1 at 50000")
    assert desk.liquidation("alice").status == "liquidating"


def test_the_fund_pays_what_the_book_asks_beyond_the_bankruptcy_price(desk):
    """All of the position is sold at 43,900 and 5,975 are there: 147 and the fee of 21.95 are missing."""
    endow("1000")
    desk.trades("alice", "bob", "1", at="50000")
    desk.buys("carol", "5", at="43900", symbol=PERP)
    falls(desk, "43000")
    paid = step(desk, "fund_paid")
    assert (paid.quantity, paid.notional) == (1, 43_900)
    assert paid.to_insurance == Decimal("-146.95")
    assert desk.balance_of("insurance:BTC-PERP") == "853.05"
    assert desk.balance("alice", "USDT") == ("0", "0")
    assert audit().violations == []


def test_an_isolated_loss_leaves_the_rest_of_the_account_alone(desk):
    """Its own margin is gone, and what it lost beyond that is the fund's."""
    endow("5000")
    desk.deposits("alice", "1000")
    desk.leverages("alice", 20, "isolated")
    desk.trades("alice", "bob", "1", at="50000")
    free = desk.balance("alice", "USDT")[0]
    desk.buys("carol", "5", at="46000", symbol=PERP)
    falls(desk, "46000")
    assert (desk.position("alice"), desk.balance("alice", "USDT")) == ("flat", (free, "0"))
    assert step(desk, "fund_paid").to_insurance < -1_000
    assert audit().violations == []


def test_without_a_fund_the_other_side_closes_at_the_bankruptcy_price(desk):
    """Those who profit most, for their margin, first; not those who lose."""
    desk.leverages("bob", 20)
    desk.trades("alice", "dave", "0.5", at="50000")
    desk.trades("alice", "bob", "0.5", at="50000")
    desk.trades("carol", "dave", "1", at="42500")
    falls(desk, "42000")
    done = step(desk, "deleveraged")
    assert done.bankruptcy_price > done.mark_price
    assert desk.position("alice") == "flat"
    assert desk.position("bob") == "flat"
    assert desk.row("bob").realised_profit == (50_000 - done.bankruptcy_price) / 2
    assert desk.row("carol").size == 1
    assert audit().violations == []


def test_a_closed_account_has_nothing_left_open_and_the_surplus_is_the_funds(desk):
    desk.trades("alice", "bob", "1", at="50000")
    desk.buys("carol", "5", at="44100", symbol=PERP)
    falls(desk, "44100")
    reduced = step(desk, "reduced")
    assert reduced.to_insurance > 0
    assert desk.balance_of("insurance:BTC-PERP") == str(reduced.to_insurance.normalize())
    assert audit().violations == []


def test_money_that_comes_in_at_the_last_moment_saves_the_position(desk):
    """It was decided to reduce; before the account was locked, somebody paid in."""
    desk.trades("alice", "bob", "1", at="50000")
    desk.buys("carol", "5", at="44200", symbol=PERP)

    def pay_in(batch):
        elsewhere(lambda: [desk.deposits("alice", "10000")])

    with before("lock_balances", pay_in):
        falls(desk, "44200")
    assert desk.position("alice") == "long 1 at 50000"
    assert not Order.objects.filter(client_order_id__startswith="liquidation").exists()


def test_a_liquidation_goes_on_until_the_account_is_well(desk):
    desk.trades("alice", "bob", "1", at="50000")
    desk.buys("carol", "0.05", at="44200", symbol=PERP)
    desk.marks("44200")
    services.sweep_liquidations()
    assert desk.liquidation("alice").status == "liquidating"
    desk.buys("carol", "5", at="44200", symbol=PERP)
    services.sweep_liquidations()
    assert desk.liquidation("alice").status == "warned"
    assert steps(desk).count("reduced") == 2
