"""Does the ledger add up? As it grows, in GET /metrics."""

from decimal import Decimal
from importlib import import_module
from io import StringIO

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.ledger import Entry
from accounts.models import LedgerTransaction, Posting
from accounts.selectors import LEDGER_WATCH, ledger_watch
from accounts.services import outside_account, post_transaction, watch_ledger
from accounts.tasks import watch_ledger as task
from kpi.tests.test_lending_metrics import figures
from trading.tests.desk import TradingDesk, later

module = import_module("accounts.services.watch_ledger")
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk():
    cache.delete(LEDGER_WATCH)
    desk = TradingDesk()
    desk.sells("bob", "0.5", at="60000")
    desk.buys("alice", "0.2", at="60000")
    yield desk
    cache.delete(LEDGER_WATCH)


def corrupts(sql, *parameters):
    """By hand, past the triggers."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        try:
            cursor.execute(sql, parameters)
        finally:
            cursor.execute("SET session_replication_role = DEFAULT")


def imbalance(client):
    told = figures(client)
    return {key[1:]: value for key, value in told.items() if key[0] == "bourse_ledger_imbalance"}


def test_before_the_first_check_nothing_is_claimed(client, desk):
    assert imbalance(client) == {}
    assert ("bourse_ledger_seconds_since_check",) not in figures(client)


def test_a_ledger_that_adds_up_is_zero_for_every_asset(client, desk):
    watch_ledger()
    told = imbalance(client)
    assert told == {
        (asset, where): 0 for asset in ("BTC", "ETH", "USDT") for where in ("postings", "balances")
    }
    assert figures(client)["bourse_ledger_unchecked_transactions",] == 0
    assert 0 <= figures(client)["bourse_ledger_seconds_since_check",] < 60


def test_a_posting_that_was_changed_by_hand_is_seen(client, desk):
    newest = Posting.objects.filter(asset="USDT").order_by("-id").first()
    corrupts("UPDATE accounts_posting SET amount = amount + 3 WHERE id = %s", newest.pk)
    assert task() == 1
    assert imbalance(client)["USDT", "postings"] == 3
    assert imbalance(client)["BTC", "postings"] == imbalance(client)["USDT", "balances"] == 0


def test_an_oldest_one_is_seen_too_for_the_walk_begins_at_the_first(client, desk):
    oldest = Posting.objects.order_by("id").first()
    corrupts("DELETE FROM accounts_posting WHERE id = %s", oldest.pk)
    watch_ledger()
    assert imbalance(client)[oldest.asset, "postings"] == abs(oldest.amount)


def test_losses_and_gains_of_two_transactions_do_not_make_up_for_each_other(client, desk):
    rows = Posting.objects.filter(asset="USDT")
    one, other = rows.first(), rows.last()
    assert one.transaction_id != other.transaction_id
    corrupts("UPDATE accounts_posting SET amount = amount + 3 WHERE id = %s", one.pk)
    corrupts("UPDATE accounts_posting SET amount = amount - 3 WHERE id = %s", other.pk)
    watch_ledger()
    assert imbalance(client)["USDT", "postings"] == 6


def test_a_balance_that_was_changed_by_hand_is_seen(client, desk):
    corrupts(
        "UPDATE accounts_balance SET available = available + 2 WHERE asset = 'BTC' AND account_id = %s",
        desk.accounts["bob"],
    )
    watch_ledger()
    assert imbalance(client)["BTC", "balances"] == 2
    assert imbalance(client)["BTC", "postings"] == 0


def test_what_was_found_stays_until_it_is_right_again(client, desk):
    newest = Posting.objects.filter(asset="USDT").order_by("-id").first()
    corrupts("UPDATE accounts_posting SET amount = amount + 3 WHERE id = %s", newest.pk)
    watch_ledger()
    with later(3600):  # all of it is settled now, and not walked again
        for _ in range(3):
            watch_ledger()
        assert ledger_watch().checked_to >= newest.transaction_id
        assert imbalance(client)["USDT", "postings"] == 3
        corrupts("UPDATE accounts_posting SET amount = amount - 3 WHERE id = %s", newest.pk)
        watch_ledger()
        assert imbalance(client)["USDT", "postings"] == 0


def test_only_what_is_new_is_walked(client, desk):
    with later(3600):
        watch_ledger()
        known = ledger_watch().checked_to
        assert known == LedgerTransaction.objects.order_by("-id").first().pk
        oldest = Posting.objects.order_by("id").first()
        corrupts("DELETE FROM accounts_posting WHERE id = %s", oldest.pk)
        watch_ledger()
        assert ledger_watch().found == (), "what was walked is the audit's business"
    cache.delete(LEDGER_WATCH)
    watch_ledger()
    assert ledger_watch().found == (oldest.transaction_id,), "without what was known the walk begins again"


def test_a_transaction_that_is_committed_late_is_not_missed(client, desk):
    """Its number is given, and later ones are committed and looked at before it is."""
    late = LedgerTransaction.objects.order_by("-id").first()
    corrupts("UPDATE accounts_ledgertransaction SET id = id + 1000 WHERE id = %s", late.pk)
    corrupts(
        "UPDATE accounts_posting SET transaction_id = transaction_id + 1000 WHERE transaction_id = %s",
        late.pk,
    )
    watch_ledger()
    corrupts(
        "INSERT INTO accounts_ledgertransaction (id, kind, reference, reason, created_at) "
        "VALUES (%s, 'deposit', '', '', now())",
        late.pk,
    )
    corrupts(
        "INSERT INTO accounts_posting (transaction_id, account_id, asset, amount) VALUES (%s, %s, 'ETH', 5)",
        late.pk,
        desk.accounts["bob"],
    )
    watch_ledger()
    assert imbalance(client)["ETH", "postings"] == 5


def test_a_long_ledger_is_walked_in_parts(client, desk, monkeypatch):
    for _ in range(7):
        deposit(desk, "1")
    numbers = list(LedgerTransaction.objects.order_by("id").values_list("pk", flat=True))
    monkeypatch.setattr(module, "MOST_TRANSACTIONS", 4)
    corrupts(
        "UPDATE accounts_posting SET amount = amount + 3 WHERE transaction_id = %s AND amount > 0",
        numbers[-1],
    )
    with later(3600):
        watch_ledger()
        assert ledger_watch().checked_to == numbers[3]
        assert figures(client)["bourse_ledger_unchecked_transactions",] == numbers[-1] - numbers[3]
        looks = 1
        while ledger_watch().unchecked:
            watch_ledger()
            looks += 1
        assert looks == -(-len(numbers) // 4)
        assert imbalance(client)["USDT", "postings"] == 3


def deposit(desk, amount):
    entries = [
        Entry(desk.accounts["alice"], "USDT", Decimal(amount)),
        Entry(outside_account().pk, "USDT", -Decimal(amount)),
    ]
    post_transaction("deposit", entries)


def test_the_command_says_it_and_fails(desk):
    said = StringIO()
    call_command("watch_ledger", stdout=said)
    assert "adds up" in said.getvalue()
    newest = Posting.objects.filter(asset="USDT").order_by("-id").first()
    corrupts("UPDATE accounts_posting SET amount = amount + 3 WHERE id = %s", newest.pk)
    said = StringIO()
    with pytest.raises(CommandError):
        call_command("watch_ledger", stdout=said)
    assert "postings of USDT are 3 off zero" in said.getvalue()
    assert str(newest.transaction_id) in said.getvalue()


def test_an_empty_ledger_adds_up(client, transactional_db):
    cache.delete(LEDGER_WATCH)
    assert watch_ledger().found == () and watch_ledger().unchecked == 0
