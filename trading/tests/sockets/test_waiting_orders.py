"""/ws/user: orders that wait for a price or for their entry, and what becomes of them."""

import asyncio

import pytest

from trading.consumers import user
from trading.streams.wake_ups import WakeUps
from trading.tests.api.conftest import carol
from trading.tests.api.desk import trade

__all__ = ["carol"]

STOP = {"type": "stop_market", "trigger_price": "29000"}


@pytest.fixture(autouse=True)
def only_when_woken(monkeypatch):
    """Whatever is heard was told because it happened, and not found in passing."""
    monkeypatch.setattr(user, "LOOK_SECONDS", 60)


def hear(client, *wanted):
    """The orders that are heard of, by id, until each of the wanted has its (field, value)."""
    shown = {}
    while any(shown.get(order["id"], {}).get(field) != value for order, field, value in wanted):
        message = client.hear()
        if message["channel"] == "orders":
            shown |= {order["id"]: order for order in message["data"]}
    return shown


def test_the_snapshot_has_what_waits(server, alice, bob, carol):
    trade(bob, carol, "30000")
    stop = alice.sells("0.1", **STOP)
    entry = {"side": "buy", "type": "limit", "quantity": "0.1", "price": "29500"}
    bracket = {"symbol": "BTC-USDT", "entry": entry, "stop_loss": STOP}
    linked = alice.post("orders/bracket", bracket).json()["orders"]
    client = server.user_client(alice.user)
    shown = {order["id"]: order for order in client.snapshots["orders"]}
    assert {shown[order["id"]]["status"] for order in (stop, linked[1])} == {"pending_trigger", "new"}
    for order in (stop, *linked):
        assert {**shown[order["id"]], "fills": []} == order


def test_a_stop_is_heard_of_when_it_comes_and_when_it_fires(server, alice, bob, carol):
    trade(bob, carol, "30000")
    client = server.user_client(alice.user)
    stop = alice.sells("0.1", "28900", type="stop_limit", trigger_price="29000")
    hear(client, (stop, "status", "pending_trigger"))
    trade(bob, carol, "29000")
    hear(client, (stop, "status", "open"))
    bob.buys("0.1", "28900")
    assert hear(client, (stop, "status", "filled"))[stop["id"]]["filled_quantity"] == "0.1"


def test_a_trailing_stop_is_heard_of_when_its_trigger_moves(server, alice, bob, carol):
    trade(bob, carol, "30000")
    trail = alice.sells("0.1", type="trailing_stop", trail_amount="500")
    client = server.user_client(alice.user)
    trade(bob, carol, "30400")
    hear(client, (trail, "trigger_price", "29900"))
    trade(bob, carol, "30900")
    hear(client, (trail, "trigger_price", "30400"))


def test_both_orders_of_a_pair_are_heard_of(server, alice, bob, carol):
    trade(bob, carol, "30000")
    client = server.user_client(alice.user)
    pair = {"symbol": "BTC-USDT", "side": "sell", "quantity": "0.1", "stop_loss": STOP}
    gain, stop = alice.post("orders/oco", pair | {"take_profit": {"type": "limit", "price": "31000"}}).json()[
        "orders"
    ]
    hear(client, (gain, "status", "open"), (stop, "status", "pending_trigger"))
    bob.buys("0.1", "31000")
    heard = hear(client, (gain, "status", "filled"), (stop, "status", "cancelled"))
    assert heard[stop["id"]]["reason"] == "LINKED_ORDER"
    assert heard[stop["id"]]["link"] == {"id": gain["id"], "role": "oco"}


def test_the_exits_of_a_bracket_are_heard_of_when_they_become_active(server, alice, bob, carol):
    trade(bob, carol, "30000")
    client = server.user_client(alice.user)
    entry = {"side": "buy", "type": "limit", "quantity": "0.1", "price": "29500"}
    body = {
        "symbol": "BTC-USDT",
        "entry": entry,
        "take_profit": {"type": "limit", "price": "31000"},
        "stop_loss": STOP,
    }
    first, gain, stop = alice.post("orders/bracket", body).json()["orders"]
    hear(client, (first, "status", "open"), (gain, "status", "new"), (stop, "status", "new"))
    bob.sells("0.1", "29500")
    heard = hear(
        client, (first, "status", "filled"), (gain, "status", "open"), (stop, "status", "pending_trigger")
    )
    assert heard[gain["id"]]["quantity"] == "0.0999"


def test_what_happens_before_the_channel_layer_has_taken_the_listener_is_heard(server, alice, monkeypatch):
    """The first to listen joins the group a moment after its snapshot was read."""
    join = WakeUps._join

    async def joins_late(self, *given):
        await asyncio.sleep(0.5)
        await join(self, *given)

    monkeypatch.setattr(WakeUps, "_join", joins_late)
    client = server.user_client(alice.user)
    stop = alice.sells("0.1", "28900", type="stop_limit", trigger_price="29000")
    hear(client, (stop, "status", "pending_trigger"))
