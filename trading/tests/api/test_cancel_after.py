"""POST /api/v1/orders/cancel-after: the dead man's switch."""

from datetime import timedelta

import pytest
from django.core.management import call_command

from common import clock
from common.errors import ErrorCode, Refused
from trading.models import CancelAfter
from trading.services import cancel_everywhere, sweep_cancel_after
from trading.tests.api.desk import refusal


@pytest.fixture
def passes(monkeypatch):
    """Lets seconds pass on the exchange's clock."""
    real, gone = clock.now, [timedelta()]
    monkeypatch.setattr(clock, "now", lambda: real() + gone[0])

    def passes(seconds):
        gone[0] += timedelta(seconds=seconds)

    return passes


def arm(desk, timeout_ms):
    answer = desk.post("orders/cancel-after", {"timeout_ms": timeout_ms})
    assert answer.status_code == 200, answer.content
    return answer.json()["cancel_at"]


def test_it_strikes_when_the_client_has_gone_silent(alice, bob, passes):
    orders = [alice.buys("0.1", "30000"), alice.buys("1", "2000", symbol="ETH-USDT")]
    his = bob.buys("0.1", "30000")
    before = clock.to_ms(clock.now())
    assert 60_000 <= arm(alice, 60_000) - before < 120_000
    passes(19)
    assert sweep_cancel_after() == 0
    passes(120)
    assert sweep_cancel_after() == 2
    for order in orders:
        shown = alice.order(order)
        assert (shown["status"], shown["reason"]) == ("cancelled", "CANCEL_AFTER_TIMEOUT")
    assert bob.order(his)["status"] == "open"
    assert alice.balance("USDT") == ("1000000", "0")
    assert sweep_cancel_after() == 0


def test_after_it_struck_new_orders_are_safe(alice, passes):
    arm(alice, 1)
    passes(1)
    sweep_cancel_after()
    order = alice.buys("0.1", "30000")
    passes(1000)
    assert sweep_cancel_after() == 0
    assert alice.order(order)["status"] == "open"


def test_calling_again_in_time_renews_it(alice, passes):
    order = alice.buys("0.1", "30000")
    first = arm(alice, 60_000)
    passes(50)
    assert arm(alice, 60_000) > first
    passes(50)
    assert sweep_cancel_after() == 0
    assert alice.order(order)["status"] == "open"


def test_zero_disarms_it(alice, passes):
    order = alice.buys("0.1", "30000")
    arm(alice, 1000)
    assert arm(alice, 0) is None
    assert arm(alice, 0) is None
    passes(1000)
    assert sweep_cancel_after() == 0
    assert alice.order(order)["status"] == "open"


def test_it_is_a_row_and_so_outlives_a_restart(alice, passes, capsys):
    alice.buys("0.1", "30000")
    arm(alice, 1000)
    assert CancelAfter.objects.get().account_id == alice.account_id
    passes(2)
    call_command("sweep_cancel_after")
    assert capsys.readouterr().out == "1 orders cancelled\n"


def test_a_switch_that_was_renewed_while_it_struck_stays_armed(alice, passes, monkeypatch):
    alice.buys("0.1", "30000")
    arm(alice, 1000)
    passes(2)
    from_services = "trading.services.cancel_after.cancel_everywhere"
    monkeypatch.setattr(from_services, lambda *args, **kwargs: arm(alice, 60_000) and [])
    sweep_cancel_after()
    assert CancelAfter.objects.count() == 1


def test_one_switch_that_cannot_strike_does_not_hold_up_the_others(alice, bob, passes, monkeypatch):
    orders = {desk.account_id: desk.buys("0.1", "30000") for desk in (alice, bob)}
    arm(alice, 1000)
    arm(bob, 1000)
    passes(2)

    def only_bobs(account_id, **reason):
        if account_id == alice.account_id:
            raise Refused(ErrorCode.UNAVAILABLE)
        return cancel_everywhere(account_id, **reason)

    monkeypatch.setattr("trading.services.cancel_after.cancel_everywhere", only_bobs)
    assert sweep_cancel_after() == 1
    assert bob.order(orders[bob.account_id])["status"] == "cancelled"
    monkeypatch.undo()
    assert CancelAfter.objects.get().account_id == alice.account_id


@pytest.mark.parametrize(
    "body",
    [{}, [], {"timeout_ms": -1}, {"timeout_ms": "60000"}, {"timeout_ms": 1.5}, {"timeout_ms": 60000.0},
     {"timeout_ms": True}, {"timeout_ms": None}, {"timeout_ms": 86_400_001}, {"timeout_ms": 10**40},
     {"timeout_ms": 1, "x": 1}],
    ids=str,
)  # fmt: skip
def test_a_timeout_is_whole_milliseconds_of_at_most_a_day(alice, body):
    assert refusal(alice.post("orders/cancel-after", body)) == (400, "VALIDATION_ERROR")
    assert not CancelAfter.objects.exists()


def test_what_waits_for_its_price_is_cancelled_too(alice, passes):
    stop = {"type": "stop_market", "trigger_price": "20000"}
    pair = {"symbol": "BTC-USDT", "side": "sell", "quantity": "0.1", "stop_loss": stop}
    orders = [alice.sells("0.1", **stop)]
    orders += alice.post("orders/oco", pair | {"take_profit": {"type": "limit", "price": "40000"}}).json()[
        "orders"
    ]
    arm(alice, 1_000)
    passes(2)
    sweep_cancel_after()
    assert [alice.order(order)["status"] for order in orders] == ["cancelled"] * 3
    assert alice.balance("BTC") == ("10", "0")
