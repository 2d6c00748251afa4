"""A trader in a process of its own: `python -m trading.tests.worker`.

Reads one JSON request a line from its standard input, writes one JSON answer a line. Started by
trading/tests/other_desk.py; not a test by itself.
"""

import json
import os
import random
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "exchange_site.settings")
django.setup()

import psycopg  # noqa: E402
from django.db import connection  # noqa: E402

from accounts.ledger import Entry  # noqa: E402
from accounts.services import (  # noqa: E402
    SignedRequest,
    authenticate_signed,
    ledger,
    outside_account,
    post_transaction,
)
from common.errors import Refused  # noqa: E402
from trading import services  # noqa: E402
from trading.matching_service import pipeline, statements  # noqa: E402
from trading.matching_service.batch import Batch  # noqa: E402
from trading.rules import NewOrder  # noqa: E402
from trading.tests.attempts import attempt, attempts_at_once  # noqa: E402
from trading.tests.random_orders import random_order  # noqa: E402
from trading.tests.random_requests import Chance  # noqa: E402

NOBODY = 0

failures: Counter = Counter()


# ---- one request each ----


def place(account, symbol, side, quantity=None, price=None, **terms):
    new = NewOrder(side, "limit" if price else "market", _decimal(quantity), _decimal(price), **terms)
    return shown(services.place_order(account, symbol, new))


def shown(placed):
    return {
        "id": placed.order.id,
        "client_order_id": placed.order.client_order_id,
        "status": placed.order.status,
        "replayed": placed.replayed,
        "fills": [fill.id for fill in placed.fills],
        "filled": str(placed.order.filled_quantity),
    }


def cancel(account, order):
    return services.cancel_order(account, order).status


def arm_cancel_after(account, timeout_ms):
    return str(services.arm_cancel_after(account, timeout_ms))


def sweep_liquidations(at_once=None):
    """at_once: accounts in one transaction, if not as many as always."""
    if at_once is not None:
        sys.modules[services.sweep_liquidations.__module__].AT_ONCE = at_once
    sweep = services.sweep_liquidations()
    return {"found": dict(sweep.found), "unfinished": sweep.unfinished}


def deposit(account, amount):
    outside = outside_account().pk
    entries = [Entry(account, "USDT", Decimal(amount)), Entry(outside, "USDT", -Decimal(amount))]
    return post_transaction("deposit", entries).pk


def accept(**signed):
    """A signed request without query and body."""
    authenticate_signed(SignedRequest(**signed, query=b"", body=b"", address="192.0.2.1"))
    return "accepted"


def warm_book(symbol):
    """[sequence, hash] of this process's book, brought up to date under the lock."""
    services.submit(symbol, [services.CancelAllRequest(NOBODY)])
    book = pipeline._books[symbol].book
    return [book.sequence, book.state_hash()]


def failures_met():
    """Errors of the database that the pipeline met, by name, since this was last asked."""
    met = dict(failures)
    failures.clear()
    return met


def take_the_lock_away():
    assert "FOR NO KEY UPDATE OF b" in statements._LOCK
    statements._LOCK = statements._LOCK.replace("FOR NO KEY UPDATE OF b", "")


def take_the_balance_locks_away():
    assert "FOR NO KEY UPDATE OF b" in ledger._LOCK_ROWS
    ledger._LOCK_ROWS = ledger._LOCK_ROWS.replace("FOR NO KEY UPDATE OF b", "")


def stop_before_writing(key):
    """The next batch that has matched waits for an advisory lock before it goes on."""
    judge = Batch.judge

    def judge_later(batch):
        Batch.judge = judge
        cursor = psycopg.Cursor(batch.connection)
        cursor.execute("SET LOCAL lock_timeout = 0")
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (key,))
        judge(batch)

    Batch.judge = judge_later


# ---- many at once ----


def storm(seed, orders, symbols, accounts, threads=2):
    """Random orders, cancels and amends; how each ended, and the ids of what was acknowledged."""
    with ThreadPoolExecutor(threads) as pool:
        days = [
            pool.submit(_day, f"{seed}.{number}", orders // threads, symbols, accounts)
            for number in range(threads)
        ]
        reports = [day.result() for day in days]
    return {
        "ended": dict(sum((ended for ended, _ in reports), Counter())),
        "orders": [order for _, own in reports for _, order in own],
    }


def _day(seed, orders, symbols, accounts):
    chance, own, ended = random.Random(seed), [], Counter()
    for _ in range(orders):
        try:
            ended[_random_step(chance, symbols, accounts, own)] += 1
        except Refused as refused:
            ended[refused.code.name] += 1
    connection.close()
    return ended, own


def _random_step(chance, symbols, accounts, own):
    dice = chance.random()
    if own and dice < 0.2:
        account, order = chance.choice(own)
        services.cancel_order(account, order)
        return "cancelled"
    if own and dice < 0.3:
        account, order = chance.choice(own[-20:])
        services.amend_order(account, order, None, Decimal(chance.randint(5, 30)) / 1000)
        return "amended"
    if dice < 0.32:
        services.cancel_all(chance.choice(accounts), chance.choice(symbols))
        return "all cancelled"
    account, symbol = chance.choice(accounts), chance.choice(symbols)
    placed = services.place_order(account, symbol, random_order(chance, symbol))
    own.append((account, placed.order.id))
    return "replayed" if placed.replayed else placed.order.status


def all_kinds(seed, symbol, accounts, batches):
    """Batches of requests of every kind; the book's sequence and hash afterwards."""
    chance = Chance(random.Random(seed), symbol, accounts, name=seed)
    for _ in range(batches):
        services.submit(symbol, [chance.request() for _ in range(5)])
    return warm_book(symbol)


def trade_until_killed(seed, symbol, accounts, tag):
    """Each order is written out as soon as it is acknowledged, and only then."""
    chance, number = random.Random(seed), 0
    while True:
        number += 1
        new = random_order(chance, symbol)
        new = NewOrder(
            new.side, new.type, new.quantity, new.price, new.quote_quantity, new.time_in_force,
            client_order_id=f"{tag}-{number}",
        )  # fmt: skip
        try:
            answer(shown(services.place_order(chance.choice(accounts), symbol, new)))
        except Refused as refused:
            answer({"refused": refused.code.name})


# ---- the line ----

REQUESTS = (
    place, cancel, sweep_liquidations, deposit, accept,
    attempt, attempts_at_once, arm_cancel_after, warm_book, failures_met, take_the_lock_away,
    take_the_balance_locks_away, stop_before_writing, storm, all_kinds, trade_until_killed,
)  # fmt: skip


def answer(what):
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def carry_out(do, **arguments):
    try:
        return {"done": {request.__name__: request for request in REQUESTS}[do](**arguments)}
    except Refused as refused:
        return {"refused": refused.code.name}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def _decimal(text):
    return None if text is None else Decimal(text)


def _count_failures():
    give_up_or_try_again = pipeline._give_up_or_try_again

    def counted(error, failures_so_far):
        failures[type(error.__cause__ or error).__name__] += 1
        give_up_or_try_again(error, failures_so_far)

    pipeline._give_up_or_try_again = counted


def main():
    _count_failures()
    connection.ensure_connection()
    answer({"ready": connection.connection.info.backend_pid})
    for line in sys.stdin:
        answer(carry_out(**json.loads(line)))


if __name__ == "__main__":
    main()
