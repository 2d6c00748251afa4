"""The last order below a limit: of two at the same moment exactly one is taken, whichever limit it is."""

import pytest

from risk.models import Contract, ExposureTotal
from trading.tests.perpetual_desk import ETH_PERP, PERP, PerpetualDesk
from trading.tests.test_liquidation_races import one_after_the_other

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk():
    desk = PerpetualDesk(("alice", "bob"), {})
    for who in ("alice", "bob"):
        desk.deposits(who, "100000")
    return desk


def bid(desk, who, symbol=PERP):
    """Worth 10,000."""
    quantity, price = {PERP: ("0.2", "50000"), ETH_PERP: ("4", "2500")}[symbol]
    return {
        "what": "place", "symbol": symbol, "account": desk.accounts[who], "side": "buy", "quantity": quantity,
        "price": price,
    }  # fmt: skip


LIMITS = {
    "all users in one contract": ("contract", PERP, ("alice", PERP), ("bob", PERP)),
    "all users in all contracts, here": ("total", None, ("alice", PERP), ("bob", PERP)),
    "all users in all contracts, in two": ("total", None, ("alice", PERP), ("bob", ETH_PERP)),
    "one user in one contract": ("user", PERP, ("alice", PERP), ("alice", PERP)),
    "one user in all contracts": ("user", None, ("alice", PERP), ("alice", ETH_PERP)),
}


@pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS)
@pytest.mark.parametrize("is_first", [True, False])
def test_of_two_orders_at_the_limit_one_is_taken(desk, other_desks, limit, is_first):
    scope, symbol, *both = limit
    desk.limits(scope, "19999", symbol)
    first, second = both if is_first else reversed(both)
    here, there = other_desks(2)
    taken, refused = one_after_the_other(
        (here, "attempt", bid(desk, *first)), (there, "attempt", bid(desk, *second))
    )
    assert taken["order"]["status"] == "open"
    assert refused["refused"] == "EXPOSURE_LIMIT"
    assert ExposureTotal.objects.get().amount == 10_000
    assert sum(Contract.objects.values_list("exposure", flat=True)) == 10_000
    assert desk.audited() == []


def test_exactly_at_the_limit_both_are_taken(desk, other_desks):
    desk.limits("total", "20000")
    here, there = other_desks(2)
    made = one_after_the_other(
        (here, "attempt", bid(desk, "alice")), (there, "attempt", bid(desk, "bob", ETH_PERP))
    )
    assert [each["order"]["status"] for each in made] == ["open", "open"]
    assert ExposureTotal.objects.get().amount == 20_000
    assert desk.audited() == []
