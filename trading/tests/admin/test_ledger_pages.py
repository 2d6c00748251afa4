"""Balances, ledger transactions, postings and trades: for looking, whoever looks."""

from decimal import Decimal

import pytest

from accounts.models import Balance, LedgerTransaction, Posting
from accounts.services import adjust_balance
from trading.models import Order, Trade
from trading.tests.admin.office import listed, page, text_of

READ_ONLY = {
    "accounts_balance": Balance,
    "accounts_ledgertransaction": LedgerTransaction,
    "accounts_posting": Posting,
    "trading_order": Order,
    "trading_trade": Trade,
}


@pytest.fixture
def traded(desk):
    """Bob has sold Alice 0.1 BTC; Carol has an order in the book."""
    desk.sells("bob", "0.1", at="60000")
    desk.buys("alice", "0.1", at="60000")
    desk.buys("carol", "0.1", at="50000")
    return desk


@pytest.mark.parametrize("name", READ_ONLY)
def test_not_even_a_superuser_writes_here(office, traded, name):
    rows = list(READ_ONLY[name].objects.values())
    key = READ_ONLY[name].objects.values_list("pk", flat=True)[0]
    assert office.get(page(f"{name}_add")).status_code == 403
    assert office.post(page(f"{name}_add"), {"amount": "1"}).status_code == 403
    assert office.post(page(f"{name}_change", key), {"amount": "1", "available": "9"}).status_code == 403
    assert office.get(page(f"{name}_delete", key)).status_code == 403
    assert office.post(page(f"{name}_delete", key), {"post": "yes"}).status_code == 403
    sweep = {"action": "delete_selected", "_selected_action": [key], "post": "yes"}
    office.post(page(f"{name}_changelist"), sweep)
    office.post(page(f"{name}_changelist"), sweep | {"index": 0})
    office.post(page(f"{name}_changelist"), {"_save": "Save", "form-0-id": key, "form-0-amount": "1"})
    assert list(READ_ONLY[name].objects.values()) == rows


@pytest.mark.parametrize("name", READ_ONLY)
def test_its_page_has_no_field_to_fill_in(office, traded, name):
    key = READ_ONLY[name].objects.values_list("pk", flat=True)[0]
    shown = text_of(office.get(page(f"{name}_change", key)))
    assert 'type="text"' not in shown and 'name="_save"' not in shown and "<select" not in shown


@pytest.mark.parametrize("name", READ_ONLY)
def test_what_is_not_there_is_told_so(office, db, name):
    for key in ("0", "abc", "99999999999999999999999"):
        assert office.get(page(f"{name}_change", key)).status_code == 302, key


def test_balances_show_available_held_and_total(office, traded):
    shown = text_of(office.get(page("accounts_balance_changelist", q="carol usdt")))
    for amount in ("95000", "5000", "100000"):
        assert f">{amount}<" in shown


def found(office, name, words):
    return listed(office.get(page(f"{name}_changelist", q=words)))


def test_balances_are_found_by_user_and_asset(office, traded):
    alices = set(Balance.objects.filter(account=traded.accounts["alice"]))
    assert set(found(office, "accounts_balance", "alice")) == alices
    assert set(found(office, "accounts_balance", "ALICE")) == alices
    assert [row.asset for row in found(office, "accounts_balance", "alice btc")] == ["BTC"]
    assert {row.asset for row in found(office, "accounts_balance", "fees:BTC-USDT")} == {"BTC", "USDT"}
    for nothing in ("nobody", "alice nobody", "ali", "%", "' OR 1=1 --", "9" * 60, "١"):
        assert found(office, "accounts_balance", nothing) == [], nothing


def test_postings_are_found_by_user_asset_kind_and_id(office, traded, alice):
    account = traded.accounts["alice"]
    trade = LedgerTransaction.objects.get(kind="trade")
    assert {row.account_id for row in found(office, "accounts_posting", f"user:{alice.pk}")} == {account}
    assert set(found(office, "accounts_posting", "trade")) == set(trade.postings.all())
    assert set(found(office, "accounts_posting", "trade alice BTC")) == set(
        trade.postings.filter(account=account, asset="BTC")
    )
    posting = Posting.objects.latest("id")
    assert posting in found(office, "accounts_posting", str(posting.id))


def test_transactions_are_found_by_user_kind_and_id(office, admin, traded, alice):
    posted = adjust_balance(alice.account, "BTC", Decimal(1), "lost", admin)
    assert found(office, "accounts_ledgertransaction", "adjustment") == [posted]
    assert found(office, "accounts_ledgertransaction", str(posted.pk)) == [posted]
    assert {row.kind for row in found(office, "accounts_ledgertransaction", "alice")} == {
        "deposit",
        "trade",
        "adjustment",
    }
    assert found(office, "accounts_ledgertransaction", "alice adjustment") == [posted]
    assert found(office, "accounts_ledgertransaction", "carol trade") == []
    filtered = office.get(page("accounts_ledgertransaction_changelist", kind__exact="adjustment"))
    assert listed(filtered) == [posted]


def test_a_transaction_shows_its_postings_and_that_they_sum_to_zero(office, traded):
    trade = Trade.objects.get()
    shown = text_of(office.get(page("accounts_ledgertransaction_change", trade.ledger_transaction_id)))
    assert "Sum: 0 BTC, 0 USDT" in shown
    for words in ("alice", "bob", "fees:BTC-USDT", "-6000", "0.0998", "5994", f">trade {trade.pk}<"):
        assert words in shown, words


def test_an_adjustment_shows_who_and_why(office, admin, alice):
    posted = adjust_balance(alice.account, "BTC", Decimal(1), "lost <b>deposit</b>", admin)
    shown = text_of(office.get(page("accounts_ledgertransaction_change", posted.pk)))
    assert "lost &lt;b&gt;deposit&lt;/b&gt;" in shown and ">admin</a>" in shown


def test_trades_are_found_by_either_side_their_id_and_their_orders(office, traded):
    trade = Trade.objects.get()
    for words in ("alice", "bob", str(trade.pk), str(trade.maker_order_id), str(trade.taker_order_id)):
        assert found(office, "trading_trade", words) == [trade], words
    assert found(office, "trading_trade", "carol") == []
    shown = text_of(office.get(page("trading_trade_change", trade.pk)))
    for words in ("6000 USDT", "0.1 BTC", "0.0002 BTC", "6 USDT", "alice", "bob"):
        assert words in shown, words
