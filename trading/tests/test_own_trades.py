"""Own trades, however many trades of others there are."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from market.models import Market
from trading import selectors
from trading.models import Trade
from trading.streams.late_rows import LateRows
from trading.tests.first_markets import lay_first_markets

OTHERS = 30_000
POOR, ACTIVE = 1_000_001, 1_000_002

_TRADES = """
    INSERT INTO trading_trade (id, market_id, sequence, price, quantity, cost, taker_side, taker_order_id,
        maker_order_id, taker_account_id, maker_account_id, taker_fee, maker_fee, ledger_transaction_id, created_at)
    SELECT %(first)s + n, %(market)s, %(first)s + n, 1, 1, 1, 'buy', 2 * (%(first)s + n), 2 * (%(first)s + n) + 1,
        (%(takers)s::bigint[])[1 + n %% 2], (%(makers)s::bigint[])[1 + n %% 2], 0, 0, n, now() - interval '1 hour'
    FROM generate_series(1, %(count)s) AS n"""


def trades(first, count, takers, makers, symbol="BTC-USDT"):
    """Trades with the ids after `first`; the accounts take turns."""
    market = Market.objects.get(symbol=symbol).pk
    with connection.cursor() as cursor:
        cursor.execute(
            _TRADES,
            {"first": first, "count": count, "takers": takers, "makers": makers, "market": market},
        )


@pytest.fixture
def crowd(db):
    """Trades of two others, with a few of ACTIVE's among them, in both roles."""
    lay_first_markets()
    # As in an exchange, where no trade is ever deleted: rows in the holes that other tests left lie in no order,
    # and the planner would go by that.
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE trading_trade DISABLE TRIGGER append_only")
        cursor.execute("TRUNCATE trading_trade")
        cursor.execute("ALTER TABLE trading_trade ENABLE TRIGGER append_only")
    trades(0, OTHERS // 2, [1, 2], [2, 1])
    trades(OTHERS // 2, 5, [ACTIVE, ACTIVE], [1, 2])
    trades(OTHERS // 2 + 5, 5, [1, 2], [ACTIVE, ACTIVE], "ETH-USDT")
    trades(OTHERS // 2 + 10, 3, [ACTIVE, ACTIVE], [2, 1])
    trades(OTHERS // 2 + 13, OTHERS // 2, [1, 2], [2, 1])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE trading_trade")


def parts(plan):
    yield plan
    for part in plan.get("Plans", []):
        yield from parts(part)


def rows_read(read):
    """How many trades the statements of `read` look at, those that a filter throws away included."""
    with CaptureQueriesContext(connection) as captured:
        read()
    count = 0
    for query in captured.captured_queries:
        if "trading_trade" not in query["sql"]:
            continue
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + query["sql"])
            answer = cursor.fetchone()[0]
        [plan] = json.loads(answer) if isinstance(answer, str) else answer
        for part in parts(plan["Plan"]):
            if part.get("Relation Name") == "trading_trade":
                assert part["Node Type"] != "Seq Scan", part
                count += part["Actual Rows"] + part.get("Rows Removed by Filter", 0)
    return count


READS = {
    "a page": lambda account: list(selectors.fills(account)[:101]),
    "a later page": lambda account: list(selectors.fills(account).filter(id__lt=OTHERS)[:101]),
    "a market's": lambda account: list(selectors.fills(account, "BTC-USDT")[:101]),
    "an order's": lambda account: list(selectors.fills(account, order_id=77)[:101]),
    "an order's, all": lambda account: list(selectors.fills(account, order_id=77)),
    "the newest": lambda account: selectors.fills(account).first(),
    "late rows": lambda account: LateRows(selectors.fills(account)).new(),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
@pytest.mark.parametrize(("account", "own"), [(POOR, 0), (ACTIVE, 13)])
def test_nobody_elses_trades_are_read(crowd, read, account, own):
    assert rows_read(lambda: read(account)) <= 3 * own + 1  # the index of an order finds one of somebody else


def test_a_page_of_many_reads_a_page(crowd):
    assert rows_read(lambda: list(selectors.fills(1)[:101])) < 1000
    assert rows_read(lambda: list(selectors.fills(1).filter(id__lt=OTHERS // 2)[:101])) < 1000


def test_both_roles_are_shown_in_one_order_and_each_trade_once(crowd):
    start = OTHERS // 2
    every = [start + n for n in range(13, 0, -1)]
    fills = selectors.fills(ACTIVE)
    assert [trade.id for trade in fills] == every
    assert [trade.id for trade in fills[:6]] == every[:6]
    assert [trade.id for trade in fills.filter(id__lt=start + 9)[:4]] == every[5:9]
    assert [pk for (pk,) in fills.filter(pk__gt=start + 7).values_list("pk")] == every[:6]
    assert fills.first().id == every[0]
    assert [trade.id for trade in selectors.fills(ACTIVE, "ETH-USDT")] == every[3:8]
    maker = Trade.objects.get(id=start + 6)
    assert [trade.id for trade in selectors.fills(ACTIVE, order_id=maker.maker_order_id)] == [maker.id]
    assert list(selectors.fills(ACTIVE, order_id=maker.taker_order_id)) == []


def test_they_come_with_their_market_in_one_statement(crowd, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert {trade.market.symbol for trade in selectors.fills(ACTIVE)[:100]} == {"BTC-USDT", "ETH-USDT"}


def test_there_is_no_other_order(crowd):
    with pytest.raises(ValueError, match="newest first"):
        selectors.fills(ACTIVE).order_by("id")
