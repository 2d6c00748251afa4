"""Trades for everybody, newest first."""

import pytest

from common.clock import to_ms
from trading.tests.market_data.trades import NOON, at, print_trades

pytestmark = pytest.mark.django_db


def test_trades_come_newest_first_and_by_the_page(ask, btc):
    made = print_trades(btc, *[(n, 60_000 + n, 1) for n in range(5)], after=NOON)
    first = ask("trades", "?limit=3").data
    assert first["results"][0] == {
        "id": made[4].id,
        "price": "60004",
        "quantity": "1",
        "side": "buy",
        "time": to_ms(at(4)),
    }
    second = ask("trades", f"?limit=3&cursor={first['next_cursor']}").data
    assert [row["id"] for row in first["results"] + second["results"]] == [t.id for t in reversed(made)]
    assert second["next_cursor"] is None


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "cursor=x", "cursor=-1", "cursor=" + "9" * 30])
def test_a_bad_page_of_trades_is_400(ask, btc, query):
    assert ask("trades", f"?{query}").status_code == 400


def test_no_trade_shows_its_owners(ask, btc):
    print_trades(btc, (0, 60_000, 1), after=NOON)
    assert set(ask("trades").data["results"][0]) == {"id", "price", "quantity", "side", "time"}
