"""The end of a socket process in good order: clients are told, and a new version does not cancel their orders."""

import asyncio

import pytest

from trading.consumers import guards as guarding
from trading.consumers.base import CLOSE_RESTART
from trading.consumers.going_away import hang_up
from trading.models import DisconnectGuard
from trading.services import cancel_on_disconnect, sweep_disconnected
from trading.services.cancel_on_disconnect import (
    ALIVE_SECONDS,
    RETURN_SECONDS,
    guard_connection,
    hand_over_guards,
    renew_guards,
)
from trading.tests.sockets.server import eventually
from trading.tests.sockets.test_cancel_on_disconnect import passes

__all__ = ["passes"]
TOLD = {"type": "going_away"}
TOLD_TO_RETURN = {"type": "going_away", "return_within_ms": RETURN_SECONDS * 1000}


def the_process_stops(server):
    """As at SIGTERM, but that the server of the test goes on, in place of the next process."""
    asyncio.run_coroutine_threadsafe(hang_up(), server.loop).result(20)


def state(desk, order):
    shown = desk.order(order)
    return shown["status"], shown["reason"]


def cut_off(server, desk, **options):
    """A client's connection that the exchange has closed because it stops; an order that was open then."""
    client = server.user_client(desk.user, **options)
    order = desk.buys("0.1", "30000")
    the_process_stops(server)
    code, said = client.closed()
    return order, code, said[-1]


def test_every_client_is_told_and_closed(server, alice):
    on_market = server.client()
    on_market.subscribe("book")
    silent = server.client("/ws/user")
    order, code, last_words = cut_off(server, alice)
    assert (code, last_words) == (CLOSE_RESTART, TOLD)
    for client in (on_market, silent):
        code, said = client.closed()
        assert (code, said[-1]) == (CLOSE_RESTART, TOLD)
    assert state(alice, order) == ("open", "")


def test_nobody_there_is_nobody_told(server):
    client = server.client()
    client.close()
    the_process_stops(server)


def test_one_that_does_not_read_holds_nobody_up(server, alice, monkeypatch):
    monkeypatch.setattr("trading.consumers.going_away.GOODBYE_SECONDS", 0.2)
    slow = server.client("/ws/marketdata?slow")
    server.held.set()
    other = server.client()
    the_process_stops(server)
    assert other.closed() == (CLOSE_RESTART, [TOLD])
    server.held.clear()
    slow.close()


def test_orders_of_one_that_comes_back_stay(server, alice, passes):
    order, code, last_words = cut_off(server, alice, cancel_on_disconnect=True)
    assert (code, last_words) == (CLOSE_RESTART, TOLD_TO_RETURN)
    passes(RETURN_SECONDS - 5)
    sweep_disconnected()
    assert state(alice, order) == ("open", "")
    back = server.user_client(alice.user, cancel_on_disconnect=True)
    passes(10)  # beyond the time to come back, and not beyond the new guard
    assert sweep_disconnected() == 0 and state(alice, order) == ("open", "")
    back.close()
    eventually(lambda: state(alice, order) == ("cancelled", "CANCELLED_ON_DISCONNECT"))


def test_orders_of_one_that_does_not_come_back_go(server, alice, passes):
    order, _, _ = cut_off(server, alice, cancel_on_disconnect=True)
    passes(RETURN_SECONDS + 1)
    assert sweep_disconnected() == 1
    assert state(alice, order) == ("cancelled", "CANCELLED_ON_DISCONNECT")
    assert not DisconnectGuard.objects.exists()


def test_coming_back_without_the_option_is_not_coming_back(server, alice, passes):
    order, _, _ = cut_off(server, alice, cancel_on_disconnect=True)
    server.user_client(alice.user)
    passes(RETURN_SECONDS + 1)
    sweep_disconnected()
    assert state(alice, order)[0] == "cancelled"


def test_another_account_that_comes_takes_no_guard_over(server, alice, bob, passes):
    order, _, _ = cut_off(server, alice, cancel_on_disconnect=True)
    server.user_client(bob.user, cancel_on_disconnect=True)
    passes(RETURN_SECONDS + 1)
    renew_guards(list(DisconnectGuard.objects.values_list("connection_id", flat=True)))
    sweep_disconnected()
    assert state(alice, order)[0] == "cancelled"


def test_of_two_connections_that_were_cut_off_both_have_to_come_back(markets, alice, passes):
    account = alice.user.account.pk
    assert len(hand_over_guards([guard_connection(account), guard_connection(account)])) == 2
    order = alice.buys("0.1", "30000")
    guard_connection(account)
    assert DisconnectGuard.objects.filter(is_handed_over=True).count() == 1
    passes(ALIVE_SECONDS - 1)
    assert sweep_disconnected() == 0
    passes(RETURN_SECONDS - ALIVE_SECONDS + 2)
    sweep_disconnected()
    assert state(alice, order)[0] == "cancelled"


def test_a_guard_that_ran_out_is_not_handed_over(markets, alice, passes):
    guard = guard_connection(alice.user.account.pk)
    passes(ALIVE_SECONDS + 1)
    assert hand_over_guards([guard]) == set()


def test_a_guard_whose_time_to_return_is_over_is_not_taken_over(markets, alice, passes):
    """It strikes, although the client has come back: too late."""
    account = alice.user.account.pk
    order = alice.buys("0.1", "30000")
    hand_over_guards([guard_connection(account)])
    passes(RETURN_SECONDS + 1)
    guard_connection(account)
    sweep_disconnected()
    assert state(alice, order)[0] == "cancelled"


def test_an_end_that_we_announced_does_not_strike(server, alice):
    """The connection ends while its guard is being handed over: by our own hand or the client's, it is all one."""
    server.user_client(alice.user, cancel_on_disconnect=True)
    order = alice.buys("0.1", "30000")
    guard = DisconnectGuard.objects.get()
    for ends in (guarding.guards.hand_over(), guarding.guards.strike(guard.pk)):
        asyncio.run_coroutine_threadsafe(ends, server.loop).result(20)
    assert state(alice, order) == ("open", "") and DisconnectGuard.objects.get().is_handed_over


def test_an_ordinary_end_strikes_at_once_as_ever(markets, alice):
    order = alice.buys("0.1", "30000")
    cancel_on_disconnect(guard_connection(alice.user.account.pk))
    assert state(alice, order)[0] == "cancelled"


@pytest.mark.parametrize("failure", [TimeoutError, OSError])
def test_if_the_database_is_away_guards_stay_as_they_are(server, alice, monkeypatch, failure):
    """The client is not told to come back in time, for the sweep may strike sooner."""

    def unreachable(*arguments):
        raise failure

    monkeypatch.setattr(guarding, "hand_over_guards", unreachable)
    order, code, last_words = cut_off(server, alice, cancel_on_disconnect=True)
    assert (code, last_words) == (CLOSE_RESTART, TOLD)
    assert not DisconnectGuard.objects.get().is_handed_over
    assert state(alice, order) == ("open", "")
