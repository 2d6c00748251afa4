"""/ws/user"""

import pytest
from django.db import connection

from accounts.models import APIKey
from accounts.services import create_api_key, end_session, issue_tokens, revoke_api_key
from trading.consumers import user
from trading.services import suspend_user
from trading.tests.api.desk import person
from trading.tests.sockets.server import eventually

SEQUENCES = ("trading_order_id_seq", "trading_trade_id_seq")


@pytest.fixture
def quick_looks(monkeypatch):
    monkeypatch.setattr(user, "LOOK_SECONDS", 0.1)


def hear_all(client, until):
    """Messages by channel, until the condition on them is true."""
    heard = {"orders": [], "fills": [], "balances": [], "positions": [], "liquidations": []}
    while not until(heard):
        message = client.hear()
        assert message["type"] == "update"
        heard[message["channel"]] += message["data"]
    return heard


def balances_of(message):
    return {row["asset"]: (row["available"], row["held"]) for row in message}


def test_first_it_says_where_the_account_stands(server, alice, bob):
    resting = alice.buys("0.5", "30000", client_order_id="mine")
    bob.sells("0.1", "30000")
    client = server.user_client(alice.user)
    (order,) = client.snapshots["orders"]
    assert (order["id"], order["status"], order["filled_quantity"]) == (
        resting["id"],
        "partially_filled",
        "0.1",
    )
    shown = alice.order(resting)
    assert client.snapshots["fills"] == shown.pop("fills")
    assert order == shown
    rows = alice.get("account").json()["balances"]
    assert client.snapshots["balances"] == rows
    assert (client.snapshots["positions"], client.snapshots["liquidations"]) == ([], [])


def test_then_what_happens_to_it(server, alice, bob):
    client = server.user_client(alice.user)
    order = alice.buys("0.5", "30000")
    heard = hear_all(client, lambda heard: heard["orders"] and heard["balances"])
    assert [row["id"] for row in heard["orders"]] == [order["id"]]
    assert balances_of(heard["balances"])["USDT"] == ("985000", "15000")
    bob.sells("0.2", "30000")
    heard = hear_all(client, lambda heard: heard["orders"] and heard["fills"] and heard["balances"])
    assert heard["orders"][-1]["status"] == "partially_filled"
    assert heard["fills"] == alice.get("fills").json()["results"]
    alice.delete(f"orders/{order['id']}")
    heard = hear_all(client, lambda heard: heard["orders"] and heard["balances"])
    assert (heard["orders"][-1]["status"], heard["orders"][-1]["reason"]) == (
        "cancelled",
        "CANCELLED_BY_USER",
    )
    assert balances_of(heard["balances"])["USDT"] == ("994000", "0")


def test_an_order_that_comes_and_goes_at_once_is_heard_of(server, alice, bob):
    bob.sells("0.5", "30000")
    client = server.user_client(alice.user)
    taken = alice.buys("0.2", "30000")
    none = alice.buys("0.2", "20000", time_in_force="ioc")
    heard = hear_all(client, lambda heard: len(heard["orders"]) >= 2 and heard["fills"])
    assert {row["id"]: row["status"] for row in heard["orders"]} == {
        taken["id"]: "filled",
        none["id"]: "cancelled",
    }
    assert [fill["order_id"] for fill in heard["fills"]] == [taken["id"]]


def test_nobody_hears_of_the_accounts_of_others(server, alice, bob):
    hers, his = server.user_client(alice.user), server.user_client(bob.user)
    order = alice.buys("0.5", "30000", client_order_id="secret")
    alice.delete(f"orders/{order['id']}")
    alice.buys("0.1", "30000")
    bob.sells("0.1", "30000")
    hear_all(hers, lambda heard: heard["fills"])
    heard = hear_all(his, lambda heard: heard["fills"] and heard["orders"] and heard["balances"])
    his.say(action="resync")
    for _ in range(3):
        his.hear_until(lambda message: message["type"] == "snapshot")
    assert "secret" not in str(his.heard) and f"id': '{order['id']}'" not in str(his.heard)
    assert [row["side"] for row in heard["orders"]] == ["sell"]
    assert [fill["fee_asset"] for fill in heard["fills"]] == ["USDT"]


def test_two_sockets_of_one_account_hear_the_same(server, alice):
    one, other = server.user_client(alice.user), server.user_client(alice.user)
    order = alice.buys("0.5", "30000")
    for client in (one, other):
        heard = hear_all(client, lambda heard: heard["orders"])
        assert [row["id"] for row in heard["orders"]] == [order["id"]]
    one.close()
    alice.delete(f"orders/{order['id']}")
    assert hear_all(other, lambda heard: heard["orders"])["orders"][-1]["status"] == "cancelled"


def test_a_resync_is_a_new_snapshot(server, alice):
    client = server.user_client(alice.user)
    alice.buys("0.5", "30000")
    hear_all(client, lambda heard: heard["orders"] and heard["balances"])
    client.say(action="resync")
    shown = {}
    while len(shown) < 3:
        message = client.hear()
        assert message["type"] == "snapshot"
        shown[message["channel"]] = message["data"]
    assert len(shown["orders"]) == 1
    assert balances_of(shown["balances"])["USDT"] == ("985000", "15000")


def test_a_bad_token_ends_the_connection(server):
    for token in ("", "nonsense", "a.b.c", "ä", "\ud800", None, 7, [], {}, True):
        client = server.client("/ws/user")
        client.say(action="authenticate", token=token)
        code, said = client.closed()
        assert code == user.CLOSE_NOT_AUTHENTICATED, token
        assert [message["code"] for message in said] == ["INVALID_TOKEN"]


def test_a_refresh_token_is_no_access_token(server, alice):
    client = server.client("/ws/user")
    client.say(action="authenticate", token=issue_tokens(alice.user).refresh)
    assert client.closed()[0] == user.CLOSE_NOT_AUTHENTICATED


def test_a_token_in_the_address_or_a_header_is_not_looked_at(server, alice):
    token = issue_tokens(alice.user).access
    client = server.client(f"/ws/user?token={token}", additional_headers={"Authorization": f"Bearer {token}"})
    client.say(action="resync")
    assert client.hear()["code"] == "BAD_REQUEST"


def test_before_it_has_said_who_it_is_a_client_gets_nothing(server, alice):
    client = server.client("/ws/user")
    for text in ("", "[]", "{}", '{"action": "resync"}', '{"action": "subscribe"}', "[" * 4000, b"\x00"):
        client.say(text)
        assert client.hear()["code"] == "BAD_REQUEST"
    client.say(action="authenticate", token=issue_tokens(alice.user).access)
    assert client.hear() == {"type": "authenticated"}


def test_who_does_not_say_it_in_time_is_closed(server, monkeypatch):
    monkeypatch.setattr(user, "AUTHENTICATE_SECONDS", 0.2)
    client = server.client("/ws/user")
    client.say(action="pong")
    code, said = client.closed()
    assert (code, said[0]["code"]) == (user.CLOSE_NOT_AUTHENTICATED, "NOT_AUTHENTICATED")


def test_one_says_once_who_one_is(server, alice, bob):
    client = server.user_client(alice.user)
    client.say(action="authenticate", token=issue_tokens(bob.user).access)
    assert client.hear()["code"] == "BAD_REQUEST"
    bob.buys("0.1", "30000")
    alice.buys("0.1", "30000")
    heard = hear_all(client, lambda heard: heard["orders"])
    assert len(heard["orders"]) == 1 and client.heard[-1]["data"] != []


def test_a_key_needs_the_scope_to_read(server, alice):
    for scopes, opens in ((["trade"], False), (["read"], True)):
        key, _, _ = create_api_key(alice.user, "bot", scopes)
        client = server.client("/ws/user")
        client.say(action="authenticate", token=issue_tokens(alice.user, key).access)
        if opens:
            assert client.hear() == {"type": "authenticated"}
        else:
            assert client.closed() == (user.CLOSE_NOT_AUTHENTICATED, [client.heard[0]])
            assert client.heard[0]["code"] == "PERMISSION_DENIED"


def test_suspending_the_user_closes_open_sockets(server, alice, bob):
    sockets = [server.user_client(alice.user), server.user_client(alice.user)]
    his = server.user_client(bob.user)
    suspend_user(alice.user, "under review", person("admin", funds={}, is_staff=True))
    for client in sockets:
        code, said = client.closed()
        assert (code, said[-1]["code"]) == (user.CLOSE_SUSPENDED, "ACCOUNT_SUSPENDED")
    late = server.client("/ws/user")
    late.say(action="authenticate", token=issue_tokens(bob.user).access)
    assert late.hear() == {"type": "authenticated"}
    bob.buys("0.1", "30000")
    assert hear_all(his, lambda heard: heard["orders"])


def test_a_suspended_user_cannot_open_one(server, alice):
    token = issue_tokens(alice.user).access
    suspend_user(alice.user, "under review", person("admin", funds={}, is_staff=True))
    client = server.client("/ws/user")
    client.say(action="authenticate", token=token)
    assert client.closed()[0] == user.CLOSE_SUSPENDED


def test_a_revoked_key_closes_its_sockets_however_busy_the_account_is(server, alice, quick_looks):
    key, _, _ = create_api_key(alice.user, "bot", [APIKey.Scope.READ])
    client = server.client("/ws/user")
    client.say(action="authenticate", token=issue_tokens(alice.user, key).access)
    client.hear()
    revoke_api_key(alice.user, key.pk)

    def closed():
        alice.delete(f"orders/{alice.buys('0.1', '1000')['id']}")
        return client.connection.close_code

    assert eventually(closed) == user.CLOSE_NOT_AUTHENTICATED


def test_a_session_that_was_signed_out_closes_its_sockets_and_no_others(server, alice, quick_looks):
    gone, stays = issue_tokens(alice.user).access, server.user_client(alice.user)
    client = server.client("/ws/user")
    client.say(action="authenticate", token=gone)
    client.hear()
    end_session(alice.user, alice.user.sessions.order_by("-pk")[1].pk)
    assert client.closed()[0] == user.CLOSE_NOT_AUTHENTICATED
    alice.buys("0.1", "1000")
    assert hear_all(stays, lambda heard: heard["orders"])


def test_a_number_drawn_early_and_committed_late_is_not_missed(server, alice, bob):
    """Markets commit apart: of two orders the one with the smaller id may come second."""
    bob.sells("1", "2000", symbol="ETH-USDT")
    bob.sells("1", "30000")
    client = server.user_client(alice.user)
    with connection.cursor() as cursor:
        for sequence in SEQUENCES:
            cursor.execute(f"SELECT setval('{sequence}', nextval('{sequence}') + 1000)")
    late = alice.buys("0.1", "2000", symbol="ETH-USDT")
    hear_all(client, lambda heard: heard["orders"] and heard["fills"])
    with connection.cursor() as cursor:
        for sequence in SEQUENCES:
            cursor.execute(f"SELECT setval('{sequence}', currval('{sequence}') - 900)")
    early = alice.buys("0.1", "30000")
    assert int(early["id"]) < int(late["id"]) and early["fills"][0]["id"] < late["fills"][0]["id"]
    heard = hear_all(client, lambda heard: heard["orders"] and heard["fills"])
    assert [order["id"] for order in heard["orders"]] == [early["id"]]
    assert [fill["id"] for fill in heard["fills"]] == [early["fills"][0]["id"]]
