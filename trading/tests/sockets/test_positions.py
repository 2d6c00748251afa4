"""/ws/user of somebody with a position in a perpetual."""

from decimal import Decimal

import pytest

from trading.services import sweep_liquidations
from trading.tests.api.contract_desk import PERP, marks, opens, promote
from trading.tests.api.desk import Desk, person


@pytest.fixture
def anna(server):
    marks("50000")
    anna = Desk(person("anna", funds={"USDT": Decimal(6000)}, tier="intermediate"))
    anna.post("leverage", {"symbol": PERP, "leverage": 10})
    return anna


def hear_of(client, channel, until=lambda data: True):
    return client.hear_until(lambda message: message["channel"] == channel and until(message["data"]))["data"]


def test_a_position_is_told_of_as_it_changes(server, anna, alice, bob):
    client = server.user_client(anna.user)
    opens(anna, bob, "1", "50000")
    [told] = hear_of(client, "positions", lambda data: data[0]["size"] == "1")
    shown = anna.get("positions").json()["results"][0]
    assert {name: shown[name] for name in told} == told
    assert (told["side"], told["entry_price"], told["fees_paid"]) == ("long", "50000", "25")
    anna.sells("1", "50000", symbol=PERP, time_in_force="gtc")
    opens(alice, bob, "0.5", "50000")  # she sells first, so alice takes hers
    [told] = hear_of(client, "positions", lambda data: data[0]["size"] == "0.5")
    assert told["requirement"] != shown["requirement"]


def test_after_a_reconnect_it_is_there(server, anna, bob):
    opens(anna, bob, "1", "50000")
    [told] = server.user_client(anna.user).snapshots["positions"]
    assert (told["symbol"], told["side"], told["size"], told["leverage"]) == (PERP, "long", "1", 10)


def test_a_closed_position_is_told_of_and_then_gone(server, anna, bob):
    opens(anna, bob, "1", "50000")
    client = server.user_client(anna.user)
    opens(bob, anna, "1", "50000")
    [told] = hear_of(client, "positions", lambda data: data[0]["side"] is None)
    assert (told["size"], told["entry_price"], told["fees_paid"]) == ("0", None, "35")
    assert server.user_client(anna.user).snapshots["positions"] == []


def test_chosen_leverage_is_told_of(server, anna):
    client = server.user_client(anna.user)
    anna.post("leverage", {"symbol": PERP, "leverage": 3})
    [told] = hear_of(client, "positions")
    assert (told["leverage"], told["size"]) == (3, "0")


def test_every_step_of_a_liquidation_is_told(server, anna, bob, alice):
    opens(anna, bob, "1", "50000")
    client = server.user_client(anna.user)
    marks("44280")
    sweep_liquidations()
    [row] = hear_of(client, "liquidations")
    assert (row["status"], [step["kind"] for step in row["steps"]]) == ("warned", ["warned"])
    # Whoever was away finds it when they come back, and hears what follows.
    second = server.user_client(anna.user)
    assert second.snapshots["liquidations"] == [row]
    promote(alice, "advanced")
    alice.buys("5", "44240", symbol=PERP)
    marks("44240")
    sweep_liquidations()
    for each in (client, second):
        [row] = hear_of(each, "liquidations", lambda data: len(data[0]["steps"]) == 3)
        assert [step["kind"] for step in row["steps"]] == ["warned", "reduced", "recovered"]
        assert row == anna.get("liquidations").json()["results"][0]
    reduced = row["steps"][1]
    assert (reduced["quantity"], reduced["to_insurance"]) == ("0.161", "7.12264")


def test_one_that_has_ended_is_still_told_of_after_a_reconnect(server, anna, bob):
    opens(anna, bob, "1", "50000")
    marks("44280")
    sweep_liquidations()
    marks("50000")
    sweep_liquidations()
    [row] = server.user_client(anna.user).snapshots["liquidations"]
    assert (row["status"], row["ended_at"] is None) == ("recovered", False)


def test_nobody_hears_of_the_positions_of_others(server, anna, alice, bob):
    hers = server.user_client(alice.user)
    opens(anna, bob, "1", "50000")
    marks("44280")
    sweep_liquidations()
    alice.post("leverage", {"symbol": "ETH-PERP", "leverage": 2})
    [told] = hear_of(hers, "positions")
    assert told["symbol"] == "ETH-PERP"
    assert {message["channel"] for message in hers.heard if message.get("type") == "update"} <= {
        "positions", "balances",
    }  # fmt: skip
