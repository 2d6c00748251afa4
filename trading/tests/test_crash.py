"""A trading process killed with SIGKILL at any moment: what it acknowledged is there, once, and the day goes on."""

import os
import random
import time
from collections import Counter
from decimal import Decimal

import pytest
from django.db import connection

from trading import services
from trading.matching_service import pipeline
from trading.models import Order, Trade
from trading.tests.desk import TradingDesk, warm_hash
from trading.tests.laws import broken_laws
from trading.tests.other_desk import OtherDesk, go_home, is_waiting_for_a_lock, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

SEED = int(os.environ.get("CRASH_SEED", "11"))
ROUNDS = 6
ADVISORY_KEY = 4712


@pytest.fixture
def desk():
    return TradingDesk(funds={"USDT": "100000000", "BTC": "1000"})


def wait_until_the_server_has_noticed(backend_pid):
    """What the killed process had under way is rolled back or committed."""

    def is_gone():
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [backend_pid])
            return cursor.fetchone() is None

    wait_until(is_gone)


def assert_all_are_there(acknowledged, accounts):
    orders = {order.id: order for order in Order.objects.filter(account_id__in=accounts)}
    for answer in acknowledged:
        order = orders[answer["id"]]
        assert order.client_order_id == answer["client_order_id"]
        assert order.filled_quantity >= Decimal(answer["filled"])  # later orders may have filled more
        fills = set(Trade.objects.filter(taker_order_id=order.id).values_list("id", flat=True))
        assert fills >= set(answer["fills"])


def test_what_was_acknowledged_outlives_the_process(desk):
    """CRASH_SEED in the environment repeats other moments."""
    chance, accounts, acknowledged = random.Random(SEED), list(desk.accounts.values()), []
    traders = [OtherDesk() for _ in range(ROUNDS)]
    for round_number, trader in enumerate(traders):
        backend_pid = trader.backend_pid
        trader.starts(
            "trade_until_killed", seed=SEED + round_number, symbol="BTC-USDT", accounts=accounts,
            tag=f"round-{round_number}",
        )  # fmt: skip
        answers = [trader.next_line() for _ in range(chance.randint(1, 60))]
        time.sleep(chance.random() / 50)  # somewhere within the next orders
        trader.dies()
        answers += trader.lines_until_death()
        wait_until_the_server_has_noticed(backend_pid)

        acknowledged += [answer for answer in answers if "id" in answer]
        assert_all_are_there(acknowledged, accounts)
        assert broken_laws() == [], f"seed {SEED}, round {round_number}"
        placed = Order.objects.filter(client_order_id__startswith=f"round-{round_number}-").count()
        known = sum(1 for answer in answers if "id" in answer)
        assert known <= placed <= known + 1, "at most the order in hand was not told of"
    ids = Counter(Order.objects.values_list("account_id", "client_order_id"))
    assert set(ids.values()) == {1}
    assert len(acknowledged) > ROUNDS


def test_a_new_process_goes_on_from_where_the_book_was(desk):
    trader = OtherDesk()
    trader.starts(
        "trade_until_killed",
        seed=SEED,
        symbol="BTC-USDT",
        accounts=list(desk.accounts.values()),
        tag="before",
    )
    for _ in range(40):
        trader.next_line()
    trader.dies()
    wait_until_the_server_has_noticed(trader.backend_pid)
    successor = OtherDesk()
    cold = successor.asks("warm_book", symbol="BTC-USDT")
    services.submit("BTC-USDT", [services.CancelAllRequest(0)])
    assert cold == [pipeline._books["BTC-USDT"].book.sequence, warm_hash("BTC-USDT")]
    order = {"account": desk.accounts["alice"], "symbol": "BTC-USDT", "side": "buy", "quantity": "0.01"}
    assert successor.asks("place", price="1000", **order)["status"] == "open"
    assert successor.asks("warm_book", symbol="BTC-USDT")[0] == cold[0] + 1
    assert broken_laws() == []
    go_home([successor])


def test_killed_between_matching_and_writing_it_leaves_nothing_and_the_market_is_free(desk):
    desk.sells("bob", "0.5", at="60000")
    before = desk.everything()
    order = {
        "account": desk.accounts["alice"], "symbol": "BTC-USDT", "side": "buy", "quantity": "0.1",
        "price": "60000", "client_order_id": "lunch",
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_KEY])
        trader = OtherDesk()
        trader.asks("stop_before_writing", key=ADVISORY_KEY)
        trader.starts("place", **order)
        wait_until(lambda: is_waiting_for_a_lock(trader.backend_pid))
        trader.dies()
        cursor.execute("SELECT pg_advisory_unlock(%s)", [ADVISORY_KEY])
    wait_until_the_server_has_noticed(trader.backend_pid)
    assert desk.everything() == before
    placed = desk.buys("alice", "0.1", at="60000", client_order_id="lunch")
    assert (placed.order.status, placed.replayed) == ("filled", False)
    assert broken_laws() == []
