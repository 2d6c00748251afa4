"""Suspending a user leaves no order of theirs behind that came after the cancels."""

from decimal import Decimal

import pytest

from accounts.models import User
from trading import services
from trading.models import Order
from trading.tests.desk import TradingDesk, new_order
from trading.tests.laws import broken_laws
from trading.tests.meddling import before, elsewhere

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk():
    desk = TradingDesk()
    yield desk
    assert broken_laws() == []


@pytest.fixture
def suspend():
    admin = User.objects.create(username="admin", email="admin@example.com", is_staff=True)

    def suspend(name):
        alice = User.objects.get(username=name)
        return services.suspend_user(alice, "a test", admin, cancel_orders=True)

    return suspend


def open_orders_of(desk, name):
    return Order.objects.filter(account_id=desk.accounts[name], status__in=Order.OPEN_STATUSES).count()


def test_open_orders_are_cancelled_with_the_reason(desk, suspend):
    resting = desk.buys("alice", "0.1", at="50000")
    assert suspend("alice") == [resting.order.id]
    assert Order.objects.get(pk=resting.order.id).reason == "ACCOUNT_SUSPENDED"


def test_an_order_that_was_on_its_way_is_refused(desk, suspend):
    """Let in just before the suspension, it gets the symbol's lock just after the cancels."""
    with before("lock_symbol", lambda batch: elsewhere(lambda: [suspend("alice")])):
        refused = desk.calls("alice", "BTC-USDT", new_order("buy", "0.1", at="50000"))
    assert refused == "ACCOUNT_SUSPENDED"
    assert open_orders_of(desk, "alice") == 0


def test_the_others_of_the_batch_trade_on(desk, suspend):
    suspend("alice")
    requests = [
        services.PlaceRequest(desk.accounts[name], new_order("buy", "0.1", at="50000"))
        for name in ("alice", "bob")
    ]
    refused, placed = services.submit("BTC-USDT", requests)
    assert refused.code.name == "ACCOUNT_SUSPENDED"
    assert placed.order.status == "open"


def test_a_suspended_users_orders_can_be_cancelled_and_not_changed(desk, suspend):
    resting = desk.buys("alice", "0.2", at="50000").order
    admin = User.objects.create(username="other-admin", email="other@example.com", is_staff=True)
    services.suspend_user(User.objects.get(username="alice"), "a test", admin)
    amend = services.AmendRequest(desk.accounts["alice"], resting.id, quantity=Decimal("0.1"))
    cancel = services.CancelRequest(desk.accounts["alice"], resting.id)
    refused, done = services.submit("BTC-USDT", [amend, cancel])
    assert refused.code.name == "ACCOUNT_SUSPENDED"
    assert done.order_ids == [resting.id]
