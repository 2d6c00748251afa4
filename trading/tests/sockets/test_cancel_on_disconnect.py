"""/ws/user with cancel_on_disconnect: orders do not outlive the connection, however it ends."""

import os
import socket
import subprocess
import sys
from datetime import timedelta

import pytest
from django.core.management import call_command
from websockets.exceptions import InvalidHandshake

from accounts.services import create_api_key, issue_tokens, revoke_api_key
from common import clock
from common.errors import ErrorCode, Refused
from trading.consumers import guards, user
from trading.models import DisconnectGuard, Order
from trading.services import cancel_on_disconnect, suspend_user, sweep_disconnected
from trading.services.cancel_on_disconnect import ALIVE_SECONDS, guard_connection, renew_guards
from trading.tests.api.desk import person
from trading.tests.other_desk import PROJECT, database_url
from trading.tests.sockets.server import Client, eventually

REASON = "CANCELLED_ON_DISCONNECT"


@pytest.fixture
def passes(monkeypatch):
    """Lets seconds pass on the exchange's clock."""
    real, gone = clock.now, [timedelta()]
    monkeypatch.setattr(clock, "now", lambda: real() + gone[0])

    def passes(seconds):
        gone[0] += timedelta(seconds=seconds)

    return passes


def shown(desk, order):
    return desk.order(order)["status"], desk.order(order)["reason"]


def has_struck(desk, *orders):
    assert eventually(lambda: not DisconnectGuard.objects.exists(), "the strike")
    return all(shown(desk, order) == ("cancelled", REASON) for order in orders)


def test_when_the_client_goes_its_orders_go(server, alice, bob):
    before = alice.buys("0.1", "30000")
    client = server.user_client(alice.user, cancel_on_disconnect=True)
    orders = [
        before,
        alice.buys("1", "2000", symbol="ETH-USDT"),
        alice.post(
            "orders",
            {
                "symbol": "BTC-USDT",
                "side": "sell",
                "type": "stop_market",
                "quantity": "1",
                "trigger_price": "100",
            },
        ).json(),
    ]
    his = bob.buys("0.1", "30000")
    client.close()
    assert has_struck(alice, *orders)
    assert bob.order(his)["status"] == "open"
    assert alice.balance("USDT") == ("1000000", "0") and alice.balance("BTC") == ("10", "0")


def test_when_its_wire_is_cut_without_a_word(server, alice):
    client = server.user_client(alice.user, cancel_on_disconnect=True)
    order = alice.buys("0.1", "30000")
    client.connection.socket.shutdown(socket.SHUT_RDWR)
    assert has_struck(alice, order)


def test_without_the_option_orders_stay(server, alice):
    order = alice.buys("0.1", "30000")
    server.user_client(alice.user).close()
    client = server.client("/ws/user")
    client.say(action="authenticate", token=issue_tokens(alice.user).access, cancel_on_disconnect=False)
    assert client.hear() == {"type": "authenticated"}
    client.close()
    other = server.user_client(alice.user)
    assert alice.order(order)["status"] == "open" and not DisconnectGuard.objects.exists()
    other.close()


def test_each_connection_that_asked_strikes_when_it_ends_whatever_others_do(server, alice):
    plain = server.user_client(alice.user)
    first = server.user_client(alice.user, cancel_on_disconnect=True)
    second = server.user_client(alice.user, cancel_on_disconnect=True)
    order = alice.buys("0.1", "30000")
    plain.close()
    first.close()
    eventually(lambda: shown(alice, order) == ("cancelled", REASON))
    assert DisconnectGuard.objects.count() == 1
    order = alice.buys("0.1", "30000")
    assert shown(alice, order) == ("open", "")
    second.close()
    assert has_struck(alice, order)


def test_it_takes_the_scope_trade(server, alice):
    for scopes, answer in ((("read",), "error"), (("read", "trade"), "authenticated")):
        client = server.client("/ws/user")
        row, _, _ = create_api_key(alice.user, "bot", scopes)
        token = issue_tokens(alice.user, row).access
        client.say(action="authenticate", token=token, cancel_on_disconnect=True)
        said = client.hear()
        assert said["type"] == answer
        if answer == "error":
            assert (said["code"], said["message"]) == ("PERMISSION_DENIED", "This takes the scope trade.")
            assert client.closed()[0] == user.CLOSE_NOT_AUTHENTICATED
            assert not DisconnectGuard.objects.exists()


@pytest.mark.parametrize("wish", [1, 0, "true", None, [], {}])
def test_the_wish_is_true_or_false(server, alice, wish):
    client = server.client("/ws/user")
    client.say(action="authenticate", token=issue_tokens(alice.user).access, cancel_on_disconnect=wish)
    assert client.hear()["code"] == "BAD_REQUEST"
    assert not DisconnectGuard.objects.exists()
    client.say(action="authenticate", token=issue_tokens(alice.user).access)
    assert client.hear() == {"type": "authenticated"}


def test_a_connection_that_the_exchange_ends_strikes_too(server, alice, monkeypatch):
    monkeypatch.setattr(user, "LOOK_SECONDS", 0.1)
    row, _, _ = create_api_key(alice.user, "bot", ["read", "trade"])
    client = server.client("/ws/user")
    token = issue_tokens(alice.user, row).access
    client.say(action="authenticate", token=token, cancel_on_disconnect=True)
    assert client.hear()["type"] == "authenticated"
    order = alice.buys("0.1", "30000")
    revoke_api_key(alice.user, row.pk)
    assert client.closed()[0] == user.CLOSE_NOT_AUTHENTICATED
    assert has_struck(alice, order)
    client = server.user_client(alice.user, cancel_on_disconnect=True)
    order = alice.buys("0.1", "30000")
    suspend_user(alice.user, "noise", person("root", funds={}, is_staff=True))
    assert client.closed()[0] == user.CLOSE_SUSPENDED
    eventually(lambda: not DisconnectGuard.objects.exists())
    assert Order.objects.get(pk=order["id"]).reason == REASON


def test_a_living_connection_is_renewed_and_never_swept(server, alice, monkeypatch, passes):
    monkeypatch.setattr(guards, "RENEW_SECONDS", 0.05)
    server.user_client(alice.user, cancel_on_disconnect=True)
    order = alice.buys("0.1", "30000")
    for _ in range(4):
        last = DisconnectGuard.objects.get().alive_until
        passes(ALIVE_SECONDS - 1)
        eventually(lambda: DisconnectGuard.objects.get().alive_until > last, "the renewal")  # noqa: B023
        assert sweep_disconnected() == 0
    assert alice.order(order)["status"] == "open"


def test_a_client_whose_guard_struck_although_it_lives_is_told(server, alice, monkeypatch, passes):
    client = server.user_client(alice.user, cancel_on_disconnect=True)
    order = alice.buys("0.1", "30000")
    passes(ALIVE_SECONDS + 1)
    assert sweep_disconnected() == 1
    monkeypatch.setattr(guards, "RENEW_SECONDS", 0.05)
    code, said = client.closed()
    assert code == user.CLOSE_GIVEN_UP
    assert [one["code"] for one in said if one["type"] == "error"] == ["UNAVAILABLE"]
    assert shown(alice, order) == ("cancelled", REASON)


@pytest.fixture
def socket_process(markets):
    """A socket server in a process of its own, as the demo runs it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "--ws", "websockets-sansio", "--lifespan", "off", "--log-level", "error",
         "--port", str(port), "exchange_site.asgi:application"],
        cwd=PROJECT, env=os.environ | {"DATABASE_URL": database_url()},
    )  # fmt: skip

    def client():
        try:
            return Client(f"ws://127.0.0.1:{port}/ws/user")
        except (OSError, InvalidHandshake):
            assert process.poll() is None
            return None

    yield process, lambda: eventually(client, "the socket process")
    process.kill()
    process.wait()


def test_when_the_socket_process_is_killed_the_sweep_strikes(socket_process, alice, bob, passes, capsys):
    process, connect = socket_process
    for desk, wish in ((alice, True), (bob, False)):
        client = connect()
        token = issue_tokens(desk.user).access
        client.say(action="authenticate", token=token, cancel_on_disconnect=wish)
        assert client.hear()["type"] == "authenticated"
    order, his = alice.buys("0.1", "30000"), bob.buys("0.1", "30000")
    process.kill()
    process.wait()
    assert sweep_disconnected() == 0 and DisconnectGuard.objects.count() == 1
    passes(ALIVE_SECONDS + 1)
    call_command("sweep_disconnected")
    assert capsys.readouterr().out == "1 orders cancelled\n"
    assert has_struck(alice, order)
    assert bob.order(his)["status"] == "open"
    assert sweep_disconnected() == 0


# ---- the service by itself ----


def test_a_guard_that_ran_out_is_not_renewed(alice, passes):
    late = guard_connection(alice.account_id)
    passes(ALIVE_SECONDS)
    early = guard_connection(alice.account_id)
    assert renew_guards([late, early]) == {early}
    assert sweep_disconnected() == 0
    assert set(DisconnectGuard.objects.values_list("pk", flat=True)) == {early}


def test_striking_twice_cancels_once(alice):
    alice.buys("0.1", "30000")
    connection = guard_connection(alice.account_id)
    assert len(cancel_on_disconnect(connection)) == 1
    order = alice.buys("0.1", "30000")
    assert cancel_on_disconnect(connection) == []
    assert alice.order(order)["status"] == "open"


def test_one_guard_that_cannot_strike_does_not_hold_up_the_others(alice, bob, passes, monkeypatch):
    orders = [desk.buys("0.1", "30000") for desk in (alice, bob)]
    for desk in (alice, bob):
        guard_connection(desk.account_id)
    passes(ALIVE_SECONDS)
    module = sys.modules[cancel_on_disconnect.__module__]
    cancel_everywhere = module.cancel_everywhere

    def only_bobs(account_id, **reason):
        if account_id == alice.account_id:
            raise Refused(ErrorCode.UNAVAILABLE)
        return cancel_everywhere(account_id, **reason)

    monkeypatch.setattr(module, "cancel_everywhere", only_bobs)
    assert sweep_disconnected() == 1
    assert bob.order(orders[1])["status"] == "cancelled"
    monkeypatch.setattr(module, "cancel_everywhere", cancel_everywhere)
    assert sweep_disconnected() == 1
    assert shown(alice, orders[0]) == ("cancelled", REASON)
