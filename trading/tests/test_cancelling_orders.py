"""Cancelling orders on the real database."""

from decimal import Decimal

import pytest

from common.errors import ErrorCode, Refused
from trading import services
from trading.matching.terms import Reason
from trading.models import Order
from trading.tests.desk import TradingDesk
from trading.tests.laws import broken_laws
from trading.tests.pit import ladder

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk():
    desk = TradingDesk()
    yield desk
    assert broken_laws() == []


def test_a_cancelled_order_gives_back_what_it_held(desk):
    bid, ask = desk.buys("alice", "0.5", at="60000"), desk.sells("alice", "0.5", at="61000")
    cancelled = desk.cancels("alice", bid)
    assert (cancelled.status, cancelled.reason) == ("cancelled", "CANCELLED_BY_USER")
    assert cancelled.cancelled_quantity == Decimal("0.5")
    desk.cancels("alice", ask)
    assert (desk.balance("alice", "USDT"), desk.balance("alice", "BTC")) == (("100000", "0"), ("1", "0"))
    assert desk.book() == []


def test_a_partly_filled_order_gives_back_the_rest(desk):
    bid = desk.buys("alice", "0.5", at="60000")
    desk.sells("bob", "0.2")
    cancelled = desk.cancels("alice", bid)
    assert (cancelled.status, cancelled.filled_quantity) == ("cancelled", Decimal("0.2"))
    assert desk.balance("alice", "USDT") == ("88000", "0")


def test_what_is_not_open_cannot_be_cancelled(desk):
    bid = desk.buys("alice", "0.2", at="60000")
    desk.sells("bob", "0.2")
    assert desk.cancels("alice", bid) == "ORDER_NOT_OPEN"
    ask = desk.sells("bob", "0.2", at="61000")
    desk.cancels("bob", ask)
    before = desk.everything()
    assert desk.cancels("bob", ask) == "ORDER_NOT_OPEN"
    assert desk.everything() == before


def test_other_peoples_orders_do_not_exist(desk):
    bid = desk.buys("alice", "0.2", at="60000")
    before = desk.everything()
    assert desk.cancels("bob", bid) == "ORDER_NOT_FOUND"
    assert desk.everything() == before


def test_behind_the_door_a_strangers_cancel_is_refused_too(desk):
    """The service looks up the owner's row; the core does not rely on it."""
    bid = desk.buys("alice", "0.2", at="60000")
    before = desk.everything()
    [refused] = services.submit("BTC-USDT", [services.CancelRequest(desk.accounts["bob"], bid.order.id)])
    assert refused.code is ErrorCode.ORDER_NOT_OPEN
    assert desk.everything() == before


@pytest.mark.parametrize(
    "reference", [0, -1, 2**63, 10**30, "", "x", "client:", "client:nobody", "١٢", "1_0", "None"]
)
def test_an_order_that_never_was_is_not_found(desk, reference):
    with pytest.raises(Refused) as refused:
        services.cancel_order(desk.accounts["alice"], reference)
    assert refused.value.code is ErrorCode.ORDER_NOT_FOUND


def test_an_order_is_found_by_its_client_order_id(desk):
    desk.buys("alice", "0.5", at="60000", client_order_id="lunch")
    assert services.cancel_order(desk.accounts["alice"], "client:lunch").status == "cancelled"
    with pytest.raises(Refused):
        services.cancel_order(desk.accounts["bob"], "client:lunch")


def test_cancelling_all_takes_ones_own_in_one_market_or_in_all(desk):
    first = desk.buys("alice", "0.1", at="60000")
    second = desk.sells("alice", "0.1", at="61000")
    third = desk.buys("alice", "1", at="2000", symbol="ETH-USDT")
    desk.buys("bob", "0.1", at="60000")
    assert desk.cancels_all("alice", "BTC-USDT") == [first.order.id, second.order.id]
    assert desk.cancels_all("alice") == [third.order.id]
    assert desk.cancels_all("alice") == []
    assert desk.cancels_all("alice", "BTC-USDT") == []
    assert desk.book() == ladder("buy 60000 | bob 0.1")
    assert desk.balance("alice", "USDT") == ("100000", "0")


def test_cancelling_all_in_a_market_that_is_not_there_is_refused(desk):
    with pytest.raises(Refused) as refused:
        desk.cancels_all("alice", "NO-SUCH")
    assert refused.value.code is ErrorCode.UNKNOWN_SYMBOL


def test_the_reason_of_a_cancel_is_kept(desk):
    bid = desk.buys("alice", "0.1", at="60000")
    services.cancel_all(desk.accounts["alice"], reason=Reason.SUSPENDED)
    assert Order.objects.get(pk=bid.order.id).reason == "ACCOUNT_SUSPENDED"


def test_place_cancel_and_place_again_in_one_batch(desk):
    alice = desk.accounts["alice"]
    bid = desk.buys("alice", "1", at="60000")
    order = services.NewOrder("buy", "limit", Decimal("1.5"), Decimal("60000"))
    refused, done, placed = services.submit(
        "BTC-USDT",
        [
            services.PlaceRequest(alice, order),
            services.CancelRequest(alice, bid.order.id),
            services.PlaceRequest(alice, order),
        ],
    )
    assert refused.code is ErrorCode.INSUFFICIENT_FUNDS
    assert done.order_ids == [bid.order.id]
    assert placed.order.status == "open"
    assert desk.balance("alice", "USDT") == ("10000", "90000")
