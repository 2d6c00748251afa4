"""Cancel against fill, amend against fill, and one order sent by many: the log explains every answer.

RACE_SEED in the environment repeats what was asked for, though not who came first.
"""

import os
import random
from decimal import Decimal

import pytest
from django.db import connection

from accounts.models import Balance
from common.money import format_decimal
from trading.models import Order
from trading.rules import NewOrder
from trading.tests.attempts import attempt, attempts_at_once
from trading.tests.desk import TradingDesk
from trading.tests.laws import broken_laws
from trading.tests.other_desk import OtherDesk, go_home, is_waiting_for_a_lock, wait_until
from trading.tests.serial import unexplained

pytestmark = pytest.mark.django_db(transaction=True)

SEED = int(os.environ.get("RACE_SEED") or random.SystemRandom().randrange(1_000_000))
SYMBOL = "BTC-USDT"
PRICE, CHEAPER, DEARER, FAR_BELOW = "60000", "59999", "60001", "58000"
ADVISORY_KEY = 4713
ROUNDS = 12
THREADS = 20


@pytest.fixture
def desk():
    return TradingDesk(funds={"USDT": "100000000", "BTC": "1000"})


@pytest.fixture
def chance():
    return random.Random(SEED)


def take(desk, quantity, who="bob", **terms):
    """What lies at the price, so much of it; nothing of the taker's is left behind."""
    return {
        "what": "place", "symbol": SYMBOL, "account": desk.accounts[who], "side": "sell", "quantity": quantity,
        "price": PRICE, "time_in_force": "ioc", **terms,
    }  # fmt: skip


def cancel(desk, bid):
    return {"what": "cancel", "symbol": SYMBOL, "account": desk.accounts["alice"], "order": bid.order.id}


def amend(desk, bid, quantity, **price):
    return cancel(desk, bid) | {"what": "amend", "quantity": quantity} | price


def assert_explained(attempts):
    assert unexplained(SYMBOL, attempts) == [], f"RACE_SEED={SEED}"
    assert broken_laws() == [], f"RACE_SEED={SEED}"


# ---- the second waits for the first, whichever it is ----

WINNERS = [
    # first, second; quantity, filled and cancelled of a bid for 0.5 in the end; what the two were answered
    ("take", "cancel", "0.5 0.4 0.1", "filled cancelled"),
    ("cancel", "take", "0.5 0 0.5", "cancelled cancelled"),
    ("take all", "cancel", "0.5 0.5 0", "filled ORDER_NOT_OPEN"),
    ("take", "amend", "0.45 0.4 0", "filled partially_filled"),
    ("amend", "take all", "0.45 0.45 0", "open cancelled"),
    ("take", "amend to less", "0.5 0.4 0", "filled AMEND_INVALID"),
    ("amend to less", "take", "0.3 0.3 0", "open cancelled"),
    ("take all", "amend", "0.5 0.5 0", "filled ORDER_NOT_OPEN"),
    ("amend away", "take", "0.5 0 0", "open cancelled"),
    ("cancel", "amend", "0.5 0 0.5", "cancelled ORDER_NOT_OPEN"),
]


@pytest.mark.parametrize(("first", "second", "end", "answers"), WINNERS)
def test_of_two_at_once_the_second_meets_what_the_first_left(desk, other_desks, first, second, end, answers):
    bid = desk.buys("alice", "0.5", at=PRICE)
    steps = {
        "take": take(desk, "0.4"),
        "take all": take(desk, "0.5"),
        "cancel": cancel(desk, bid),
        "amend": amend(desk, bid, "0.45"),
        "amend to less": amend(desk, bid, "0.3"),
        "amend away": amend(desk, bid, "0.5", price="59000"),
    }
    attempts = overlapping(other_desks(2), steps[first], steps[second])
    assert amounts_of(bid) == end.split()
    assert [each.get("refused") or each["order"]["status"] for each in attempts] == answers.split()
    assert_explained(attempts)


def amounts_of(placed):
    """Quantity, filled and cancelled, as they are now."""
    row = Order.objects.get(pk=placed.order.id)
    return [format_decimal(each) for each in (row.quantity, row.filled_quantity, row.cancelled_quantity)]


def overlapping(desks, first, second, waits=True):
    """The first process has matched and not yet written when the second comes, and perhaps has to wait."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_KEY])
        try:
            desks[0].asks("stop_before_writing", key=ADVISORY_KEY)
            desks[0].starts("attempt", **first)
            wait_until(lambda: is_waiting_for_a_lock(desks[0].backend_pid))
            desks[1].starts("attempt", **second)
            if waits:
                wait_until(lambda: is_waiting_for_a_lock(desks[1].backend_pid))
            else:
                answer = desks[1].ends()
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [ADVISORY_KEY])
    return [desks[0].ends(), desks[1].ends() if waits else answer]


@pytest.mark.parametrize(
    ("first", "second", "end", "answers"),
    [
        ("fire", "cancel", "0.2 0.2 0", "filled ORDER_NOT_OPEN"),
        ("cancel", "fire", "0.2 0 0.2", "cancelled filled"),
    ],
)
def test_a_stop_fires_or_is_cancelled_and_never_both(desk, other_desks, first, second, end, answers):
    desk.buys("carol", "0.1", at=PRICE)
    desk.sells("bob", "0.1", at=PRICE)
    desk.buys("carol", "0.5", at=FAR_BELOW)
    stop = desk.calls(
        "alice", SYMBOL, NewOrder("sell", "stop_market", Decimal("0.2"), trigger_price=Decimal(CHEAPER))
    )
    steps = {"fire": take(desk, "0.1") | {"price": FAR_BELOW}, "cancel": cancel(desk, stop)}
    attempts = overlapping(other_desks(2), steps[first], steps[second])
    assert amounts_of(stop) == end.split()
    assert [each.get("refused") or each["order"]["status"] for each in attempts] == answers.split()
    assert broken_laws() == []


# ---- nobody knows who comes first ----


def test_two_processes_and_twenty_threads_fight_for_one_order(desk, other_desks, chance):
    """Threads of a process share transactions, processes do not."""
    attempts = []
    for _ in range(ROUNDS):
        desk.sells("carol", "0.05", at=DEARER)
        bid = desk.buys("alice", "0.5", at=PRICE)
        steps = [some_step(desk, bid, chance) for _ in range(THREADS)]
        desks = other_desks(2)
        for number, each in enumerate(desks):
            each.starts("attempts_at_once", steps=steps[number::3])
        attempts += attempts_at_once(steps[2::3])
        for each in desks:
            attempts += each.ends()
        attempts.append(attempt(**cancel(desk, bid)))
    assert_explained(attempts)


def some_step(desk, bid, chance):
    dice = chance.random()
    if dice < 0.15:
        return cancel(desk, bid)
    if dice < 0.45:
        where = {} if chance.random() < 0.6 else {"price": chance.choice((PRICE, CHEAPER, DEARER))}
        return amend(desk, bid, f"{chance.randint(5, 70) / 100:.2f}", **where)
    return take(desk, f"{chance.randint(1, 15) / 100:.2f}", chance.choice(("bob", "carol")))


def test_twenty_threads_in_two_processes_send_one_order(desk, other_desks):
    for number in range(ROUNDS):
        desk.buys("alice", "1", at=PRICE)
        steps = [take(desk, "0.1", client_order_id=f"lunch-{number}")] * THREADS
        desks = other_desks(2)
        for each in desks:
            each.starts("attempts_at_once", steps=steps[::2])
        attempts = [made for each in desks for made in each.ends()]
        assert sorted(each["replayed"] for each in attempts) == [False] + [True] * (THREADS - 1)
        assert len({each["order"]["id"] for each in attempts}) == 1
        assert_explained(attempts)
    assert Order.objects.filter(account_id=desk.accounts["bob"]).count() == ROUNDS


# ---- the locks on balances are what makes it right between two markets ----


@pytest.fixture
def unlocked_desks():
    desks = [OtherDesk(), OtherDesk()]
    for other in desks:
        other.asks("take_the_balance_locks_away")
    yield desks
    go_home(desks)


def spends_everything(desk, symbol, price):
    return {
        "what": "place", "symbol": symbol, "account": desk.accounts["dave"], "side": "buy", "quantity": "1",
        "price": price,
    }  # fmt: skip


@pytest.fixture
def bets(desk):
    """Dave has 60000 USDT, and wants to spend them all in two markets at once."""
    desk.accounts["dave"] = desk.hire("dave", {"USDT": "60000"})
    return [spends_everything(desk, symbol, "60000") for symbol in (SYMBOL, "ETH-USDT")]


def held():
    return Balance.objects.get(account__user__username="dave", asset="USDT").held


def test_without_the_locks_on_balances_the_same_money_is_spent_in_two_markets(bets, unlocked_desks):
    attempts = overlapping(unlocked_desks, *bets, waits=False)
    assert [each["order"]["status"] for each in attempts] == ["open", "open"]
    assert held() == 60000
    [broken] = broken_laws()
    assert "holds 60000" in broken and "open orders need 120000" in broken


def test_the_locks_on_balances_make_the_second_market_wait_and_refuse(bets, other_desks):
    first, second = overlapping(other_desks(2), *bets)
    assert (first["order"]["status"], second["refused"]) == ("open", "INSUFFICIENT_FUNDS")
    assert held() == 60000
    assert broken_laws() == []


# ---- and the log gives a false answer away ----

LIES = {
    "a cancel that was not": {"what": "cancel"},
    "a refusal though it was open": {"refused": "ORDER_NOT_OPEN"},
    "more was filled": {"filled_quantity": "0.5", "status": "filled"},
    "done before it began": {"after": 2},
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_false_answer_is_not_explained(desk, lie):
    bid = desk.buys("alice", "0.5", at=PRICE)
    attempts = [attempt(**take(desk, "0.1")), attempt(**amend(desk, bid, "0.4"))]
    assert unexplained(SYMBOL, attempts) == []
    made = attempts[-1]
    changed = {name: value for name, value in lie.items() if name in made["order"]}
    attempts[-1] = made | lie | {"order": made["order"] | changed}
    assert len(unexplained(SYMBOL, attempts)) >= 1
