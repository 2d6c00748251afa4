"""When the book does not pay enough: the insurance fund pays, and when it is empty, those who profit most close."""

from decimal import Decimal

import pytest

from accounts.ledger import Entry
from accounts.models import Account
from accounts.services import outside_account, post_transaction
from trading import services
from trading.tests.perpetual_desk import PERP, PerpetualDesk

RICH = ("bob", "carol", "dave", "erin")
BANKRUPT = "44047.1"  # (50,000 - 5,975) / 0.9995 = 44,047.02, and the next tick


@pytest.fixture
def desk(transactional_db):
    """Alice, 10x long, has 5,975 behind 1 BTC from 50,000."""
    people = ("alice", *RICH)
    desk = PerpetualDesk(people, {}, tiers=dict.fromkeys(people, "advanced"))
    for name in RICH:
        desk.deposits(name, "1000000")
    desk.deposits("alice", "6000")
    desk.leverages("alice", 10)
    return desk


def fill_the_fund(amount):
    fund, outside = Account.objects.get(name="insurance:BTC-PERP").pk, outside_account().pk
    entries = [Entry(fund, "USDT", Decimal(amount)), Entry(outside, "USDT", -Decimal(amount))]
    post_transaction("deposit", entries)


def steps(desk):
    """After the warning."""
    warned, *others = desk.liquidation("alice").steps.order_by("number")
    assert warned.kind == "warned"
    return [(step.kind, step.quantity) for step in others]


def jumps(desk, mark):
    desk.marks(mark)
    services.sweep_liquidations()


def test_the_fund_pays_what_the_book_asks_beyond_the_bankruptcy_price(desk):
    fill_the_fund("500")
    desk.trades("alice", "bob", "1", at="50000")
    desk.buys("carol", "5", at="43900", symbol=PERP)
    jumps(desk, "43900")
    # 5,975 - 6,100 - the fee of 21.95 = -146.95
    assert [kind for kind, _ in steps(desk)] == ["fund_paid", "closed"]
    assert desk.balance("alice", "USDT") == ("0", "0")
    assert desk.balance_of("insurance:BTC-PERP") == "353.05"
    assert desk.position("carol") == "long 1 at 43900"
    assert desk.audited() == []


def test_of_a_part_the_fund_pays_its_share_and_the_rest_is_closed_at_the_same_price(desk):
    fill_the_fund("500")
    desk.trades("alice", "bob", "1", at="50000")
    desk.buys("carol", "0.3", at="43900", symbol=PERP)
    jumps(desk, "43900")
    # 0.3 lose 1,830 and a fee of 6.585; their share of what Alice has is 1,792.5
    assert steps(desk)[:2] == [("fund_paid", Decimal("0.3")), ("deleveraged", Decimal("0.7"))]
    paid, rest = desk.liquidation("alice").steps.order_by("number")[1:3]
    assert paid.to_insurance == Decimal("-44.085")
    assert rest.bankruptcy_price == Decimal(BANKRUPT)
    assert desk.balance("alice", "USDT") == ("0", "0")
    assert desk.audited() == []


def test_with_an_empty_fund_the_highest_leverage_closes_first(desk):
    for name, leverage in (("bob", 5), ("carol", 20), ("dave", 10)):
        desk.leverages(name, leverage)
        desk.trades("erin", name, "0.4", at="50000")
    desk.trades("alice", "bob", "1", at="50000")
    for name in ("carol", "dave"):
        everything = sum(map(Decimal, desk.balance(name, "USDT")))
        assert everything == 1_000_000 - 4  # as makers they paid 0.02 % of 20,000
    jumps(desk, "43900")
    # The same profit, and less and less of their own behind it: 0.4 of Carol's, 0.4 of Dave's, the rest of Bob's
    assert (desk.position("carol"), desk.position("dave")) == ("flat", "flat")
    assert desk.position("bob") == "short 1.2 at 50000"
    gained = Decimal("0.4") * (50_000 - Decimal(BANKRUPT))
    assert sum(map(Decimal, desk.balance("carol", "USDT"))) == 1_000_000 - 4 + gained
    assert desk.position("erin") == "long 1.2 at 50000"
    assert desk.balance("alice", "USDT") == ("0", "0")
    assert steps(desk) == [("deleveraged", 1), ("closed", 0)]
    # What the whole tick and the fee that nobody took left of Alice's margin
    assert desk.balance_of("insurance:BTC-PERP") == "22.1"
    assert desk.audited() == []


def test_at_the_same_leverage_the_highest_profit_closes_first(desk):
    for name, price in (("carol", "51000"), ("dave", "49000")):
        desk.leverages(name, 10)
        desk.trades("erin", name, "0.5", at=price)
    desk.leverages("bob", 10)
    desk.trades("alice", "bob", "1", at="50000")
    jumps(desk, "43900")
    assert desk.position("carol") == "flat"
    assert desk.position("bob") == "short 0.5 at 50000"
    assert desk.position("dave") == "short 0.5 at 49000"
    assert desk.balance("alice", "USDT") == ("0", "0")


def test_with_nobody_on_the_book_and_something_left_it_waits_until_nothing_is(desk):
    desk.trades("alice", "bob", "1", at="50000")
    jumps(desk, "44100")  # 75 left, maintenance 220.5: nobody buys, and nobody need be closed by force
    assert desk.position("alice") == "long 1 at 50000"
    assert desk.liquidation("alice").status == "liquidating"
    jumps(desk, "44025")
    assert desk.position("alice") == "flat"
    assert desk.balance("alice", "USDT") == ("0", "0")
    assert desk.audited() == []


def test_a_short_goes_the_same_way(desk):
    desk.trades("bob", "alice", "1", at="50000")  # Alice pays 10: 5,990 behind it
    jumps(desk, "56000")
    # 5,990 + 50,000 = 1.0005 p: 55,962.01, rounded down to 55,962
    assert (desk.position("alice"), desk.position("bob")) == ("flat", "flat")
    assert sum(map(Decimal, desk.balance("bob", "USDT"))) == 1_000_000 - 25 + 5962
    assert desk.balance("alice", "USDT") == ("0", "0")
    assert desk.balance_of("insurance:BTC-PERP") == "28"
    assert desk.audited() == []
