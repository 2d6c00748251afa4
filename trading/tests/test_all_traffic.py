"""Requests of every kind by chance, in markets that change their state, while time goes on: at every moment the
warm book, the rows and the log tell the same, and all laws hold."""

import os
import random
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import connection

from common import clock
from market.services import set_price
from trading import audit, services
from trading.matching.book import Book
from trading.matching_service import pipeline, warm
from trading.models import BookState
from trading.tests.desk import TradingDesk
from trading.tests.laws import broken_laws
from trading.tests.random_requests import Chance

SEED = int(os.environ.get("TRAFFIC_SEED", "1"))
SYMBOL = "BTC-USDT"
PEOPLE = ("alice", "bob", "carol", "dave", "erin")

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def time(monkeypatch):
    """The exchange's clock stands still until it is moved forward."""
    moment = [datetime(2030, 1, 1, tzinfo=UTC)]
    monkeypatch.setattr(clock, "now", lambda: moment[0])

    def passes(milliseconds):
        moment[0] += timedelta(milliseconds=milliseconds)

    return passes


def loaded():
    with psycopg.Cursor(connection.connection) as cursor:
        return warm.load(cursor, SYMBOL).book


def in_words(book):
    """What the hash is made of, line by line."""
    state = [book.status, book.auction_ends_at, sorted(book.prices.items()), book.links.in_words()]
    return state + [order.in_words() for order in (*book, *book.waiting())]


def assert_same(one, other, said):
    assert in_words(one) == in_words(other), said
    assert one.state_hash() == other.state_hash(), said


def onlooker():
    """Another process's book, which has yet to walk the log."""
    state = BookState.objects.get(market__symbol=SYMBOL)
    return warm.WarmBook(Book(), state.epoch, state.pk)


def trade_at_random(dice, chance, time, batches):
    """Batches of a few requests; a generator that stops after each."""
    for _ in range(batches):
        time(dice.choice((0, 1, 50, 5_000, 20_000)))
        if dice.random() < 0.3:
            set_price(SYMBOL, (chance.middle + dice.randint(-6, 6)) * chance.tick, "simulation")
        yield services.submit(SYMBOL, [chance.request() for _ in range(dice.randint(1, 5))])


@pytest.mark.parametrize("seed", range(SEED, SEED + 3))
def test_warm_cold_and_replayed_books_are_one(time, seed):
    """TRAFFIC_SEED in the environment repeats other traffic."""
    dice, desk = random.Random(seed), TradingDesk(people=PEOPLE)
    chance = Chance(dice, SYMBOL, list(desk.accounts.values()))
    other = None
    for number, _ in enumerate(trade_at_random(dice, chance, time, 120)):
        other = other or onlooker()
        kept = pipeline._books[SYMBOL].book
        with psycopg.Cursor(connection.connection) as cursor:
            warm.catch_up(cursor, other)
        assert_same(other.book, kept, f"batch {number}: the log tells another book")
        assert_same(loaded(), kept, f"batch {number}: the rows tell another book")
    assert broken_laws() == []
    assert audit.audit().violations == []
