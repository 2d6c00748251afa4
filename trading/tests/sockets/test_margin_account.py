"""/ws/user of somebody with a margin account."""

from decimal import Decimal

import pytest

from accounts.models import User
from risk.services import fund_lending
from trading.services import sweep_margin_accounts
from trading.tests.api.desk import outside_price
from trading.tests.sockets.server import eventually


@pytest.fixture
def pool(server):
    treasurer = User.objects.create(username="treasurer", email="t@example.com", is_staff=True)
    fund_lending("USDT", Decimal(1_000_000), "for lending", treasurer)
    outside_price("50000")


def moves(desk, amount):
    return desk.post("margin/transfer", {"asset": "USDT", "amount": amount, "to": "margin"})


def hear_of(client, channel, until=lambda data: True):
    """The data of the next message about the margin account on this channel that is as wanted."""
    while True:
        message = client.hear()
        if message.get("account") == "margin" and message["channel"] == channel and until(message["data"]):
            return message["data"]


def test_an_account_that_is_opened_meanwhile_is_told_of(server, pool, alice, bob):
    client = server.user_client(alice.user)
    moves(alice, "1000")
    rows = hear_of(client, "balances", bool)
    assert {row["asset"]: row["available"] for row in rows}["USDT"] == "1000"
    order = alice.place("buy", "0.01", "40000", account="margin").json()
    assert [row["id"] for row in hear_of(client, "orders", bool)] == [order["id"]]


def test_the_warning_comes_by_the_stream_and_so_does_what_follows(server, pool, alice, bob):
    moves(alice, "1000")
    alice.post("margin/borrow", {"asset": "USDT", "amount": "4000"})
    bob.sells("0.09", "50000")
    alice.place("buy", "0.09", "50000", account="margin")
    client = server.user_client(alice.user)
    outside_price("40400")
    sweep_margin_accounts()
    [row] = hear_of(client, "liquidations", bool)
    assert (row["status"], [step["kind"] for step in row["steps"]]) == ("warned", ["warned"])
    outside_price("45000")
    sweep_margin_accounts()
    [row] = hear_of(client, "liquidations", lambda data: len(data[0]["steps"]) == 2)
    assert row["status"] == "recovered"


def test_when_the_connection_ends_the_orders_of_both_accounts_end(server, pool, alice):
    moves(alice, "1000")
    alice.buys("0.01", "40000")
    alice.place("buy", "0.01", "40000", account="margin")
    client = server.user_client(alice.user, cancel_on_disconnect=True)
    client.close()
    eventually(
        lambda: (
            not any(
                alice.get("orders", account=name, status="active").json()["results"]
                for name in ("main", "margin")
            )
        )
    )
