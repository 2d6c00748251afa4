"""The operator's summary, and the lists when tables are large."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import LedgerTransaction, Posting, User
from accounts.services import register_user
from trading.admin import paginator
from trading.tests.admin.office import PASSWORD, listed, page, text_of
from trading.tests.desk import TradingDesk


def figures(browser):
    answer = browser.get("/admin/")
    assert answer.status_code == 200
    return {figure.name: (figure.text, figure.alarm) for figure in answer.context["figures"]}


def test_the_first_page_sums_up_the_exchange(office, desk, bob):
    desk.sells("bob", "0.2", at="60000")
    desk.buys("alice", "0.1", at="60000")
    office.post(page("accounts_user_suspend", id=bob.pk), {"reason": "x"})
    assert figures(office) == {
        "Users": ("4", False),
        "Suspended": ("1", False),
        "Open orders": ("1", False),
        "Trades in 24 h": ("1", False),
        "Ledger imbalance": ("0 in every asset", False),
        "Markets not open": ("none", False),
        "At risk": ("0 positions, 0 USDT", False),
        "Liquidations": ("none", False),
        "Insurance funds that owe": ("none", False),
    }


def test_what_needs_an_operator_is_marked(office, db):
    desk = TradingDesk()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_balance SET available = available + 0.5 WHERE asset = 'BTC' AND account_id = %s",
            [desk.accounts["alice"]],
        )
        cursor.execute("UPDATE market_market SET status = 'halted' WHERE symbol = 'ETH-BTC'")
    shown = figures(office)
    assert shown["Ledger imbalance"] == ("0.5 BTC", True)
    assert shown["Markets not open"] == ("ETH-BTC (halted)", True)


def test_an_empty_exchange_has_a_first_page(office):
    assert figures(office)["Trades in 24 h"] == ("0", False)


def test_a_clerk_sees_the_figures_they_have_the_permission_for(clerk, desk):
    browser = clerk("trading.view_order")
    assert list(figures(browser)) == ["Open orders"]
    assert "Users" not in text_of(browser.get("/admin/"))


def orders_of_many_people(desk, count):
    for number in range(count):
        desk.accounts[f"p{number}"] = desk.hire(f"p{number}", {"USDT": "1000", "BTC": "1"})
        desk.sells(f"p{number}", "0.001", at="60000")
    desk.buys("alice", "0.5", at="60000")


LISTS = [
    "accounts_user",
    "accounts_balance",
    "accounts_posting",
    "accounts_ledgertransaction",
    "trading_order",
    "trading_trade",
    "market_market",
    "market_price",
    "market_asset",
    "admin_logentry",
]


def test_a_list_asks_as_many_questions_for_many_rows_as_for_few(office, desk, django_assert_max_num_queries):
    orders_of_many_people(desk, 12)
    for name in LISTS:
        with django_assert_max_num_queries(10):
            assert office.get(page(f"{name}_changelist")).status_code == 200, name


def test_pages_of_one_thing_ask_a_bounded_number_of_questions(office, desk, django_assert_max_num_queries):
    orders_of_many_people(desk, 12)
    alice = User.objects.get(username="alice")
    order = desk.buys("alice", "0.01", at="1000").order.id
    market = LedgerTransaction.objects.filter(kind="trade").latest("id")
    office.get("/admin/")  # opens the browser's session
    with django_assert_max_num_queries(18):
        office.get(page("accounts_user_change", alice.pk))
    with django_assert_max_num_queries(30):  # two bisections of the log
        office.get(page("trading_order_change", order))
    with django_assert_max_num_queries(8):
        office.get(page("accounts_ledgertransaction_change", market.pk))
    with django_assert_max_num_queries(20):
        office.get("/admin/")


@pytest.fixture
def small_pages(monkeypatch):
    monkeypatch.setattr(paginator, "MOST_ROWS", 5)
    monkeypatch.setattr("trading.admin.read_only.LargeTableAdmin.list_per_page", 2)


def test_a_long_list_is_never_counted_to_its_end(office, desk, small_pages):
    with CaptureQueriesContext(connection) as asked:
        answer = office.get(page("accounts_posting_changelist"))
    counts = [
        query["sql"] for query in asked if "COUNT(" in query["sql"] and "accounts_posting" in query["sql"]
    ]
    assert counts and all("LIMIT 6" in sql for sql in counts), "counting stops one past what is shown"
    assert Posting.objects.count() > 6
    assert "the first 5 postings" in text_of(answer).replace("\n", " ")
    newest = list(Posting.objects.order_by("-id")[:2])
    assert listed(answer) == newest
    assert len(listed(office.get(page("accounts_posting_changelist", p=3)))) == 1
    past_the_end = office.get(page("accounts_posting_changelist", p=4))
    assert past_the_end.status_code == 302 and "e=1" in past_the_end["Location"]


def test_what_lies_beyond_is_found_by_searching(office, desk, small_pages):
    oldest = Posting.objects.earliest("id")
    assert listed(office.get(page("accounts_posting_changelist", q=str(oldest.pk)))) == [oldest]


def test_a_short_list_says_how_many(office, desk):
    register_user("zoe", "zoe@example.com", PASSWORD)
    assert "5 users" in " ".join(text_of(office.get(page("accounts_user_changelist"))).split())
