"""Requests that are carried out and change nothing."""

from decimal import Decimal

import pytest

from trading.models import BookState
from trading.services import AmendRequest, CancelAllRequest, Done, submit
from trading.tests.audit_desk import Desk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk():
    return Desk(rounds=0)


def sequence(desk):
    return BookState.objects.get(market_id=desk.btc).sequence


def test_cancelling_all_of_no_orders_is_done_and_writes_nothing(desk):
    before = sequence(desk)
    carol = desk.people["carol"].pk
    assert submit("BTC-USDT", [CancelAllRequest(carol)]) == [Done([])]
    assert sequence(desk) == before


def test_an_amend_to_what_the_order_is_already_is_done_and_writes_nothing(desk):
    before = sequence(desk)
    same = AmendRequest(desk.bid.account_id, desk.bid.pk, Decimal("29000"), Decimal("0.01"))
    assert submit("BTC-USDT", [same]) == [Done([])]
    assert sequence(desk) == before
