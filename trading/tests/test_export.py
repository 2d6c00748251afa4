"""`manage.py export`: every event of the log as a row of the tape, as CSV and as Parquet."""

import csv
import io
import os
import re
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import duckdb
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from common.clock import to_ms
from trading import services
from trading.history.tape import ACTIONS, COLUMNS, DELEVERAGE, FUNDING, RISK
from trading.matching_service.requests import LinkedRequest
from trading.models import Order, OrderEvent, Trade
from trading.rules import NewOrder
from trading.tests.busy_day import BusyDay
from trading.tests.desk import TradingDesk

pytestmark = pytest.mark.django_db(transaction=True)

SYMBOL = "BTC-USDT"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def desk():
    return TradingDesk(funds={"USDT": "50000000", "BTC": "1000"}, symbols=(SYMBOL,))


@pytest.fixture
def day(desk):
    day = BusyDay(desk.accounts.values())
    day.trade(60)
    day.leave_one_of_each()
    return day


def export(**options):
    """The rows, as dictionaries of what is not empty."""
    output = io.StringIO()
    call_command("export", SYMBOL, stdout=output, **options)
    rows = csv.DictReader(io.StringIO(output.getvalue()))
    return [{name: text for name, text in row.items() if text} for row in rows]


def test_every_event_is_a_row_with_its_sequence_and_time(day):
    rows = export()
    events = list(OrderEvent.objects.order_by("sequence"))
    assert [int(row["sequence"]) for row in rows] == [event.sequence for event in events]
    assert [int(row["time"]) for row in rows] == [to_ms(event.created_at) for event in events]
    letters = dict(zip("ACRMQTUFGVSP", ["submit", "cancel", "reduce", "amend", "amend", "fill", "fill", "refresh", "trigger", "activate", "status", "price"], strict=True))  # fmt: skip  # noqa: E501
    assert [row["action"] for row in rows] == [letters[event.kind] for event in events]
    assert {row["action"] for row in rows} == {*ACTIONS} - {DELEVERAGE, FUNDING, RISK}, "of perpetuals"


def test_fills_are_the_trades_and_submissions_the_orders(day):
    rows = export()
    fills = [
        (
            int(r["trade_id"]),
            r["order_id"],
            r["maker_order_id"],
            Decimal(r["price"]),
            Decimal(r["quantity"]),
            r["side"],
        )
        for r in rows
        if r["action"] == "fill"
    ]
    trades = Trade.objects.order_by("sequence")
    assert fills == [
        (t.pk, str(t.taker_order_id), str(t.maker_order_id), t.price, t.quantity, t.taker_side)
        for t in trades
    ]
    submits = {int(r["order_id"]): r for r in rows if r["action"] == "submit"}
    orders = Order.objects.select_related("conditions").in_bulk()
    assert submits.keys() == orders.keys()
    for order_id, order in orders.items():
        row = submits[order_id]
        names = ("client_order_id", "side", "type", "time_in_force", "self_trade_prevention")
        assert {name: row[name] for name in names} == {name: getattr(order, name) for name in names}
        assert row["account"] == str(order.account_id)
        assert row.get("quote_quantity") == (order.quote_quantity and f"{order.quote_quantity.normalize():f}")


def test_a_row_says_all_that_was_asked_for_in_units_of_price_and_quantity(desk):
    desk.sells("bob", "0.5", at="60000")
    desk.buys("alice", "0.01", at="60000")
    services.place_order(
        desk.accounts["alice"],
        SYMBOL,
        NewOrder(
            "sell", "limit", Decimal("0.25"), Decimal("60000.5"), time_in_force="gtd", post_only=True,
            client_order_id='a "b", c', display_quantity=Decimal("0.1"), expires_at=4_000_000_000_000,
        ),
    )  # fmt: skip
    stop = NewOrder(
        "sell", "trailing_stop", Decimal("0.1"), trigger_source="last", trail_percent=Decimal("1.5"),
        reduce_only=True,
    )  # fmt: skip
    services.place_order(desk.accounts["alice"], SYMBOL, stop)
    first, iceberg, trailing = (export()[index] for index in (0, -2, -1))
    assert first | {"time": "", "client_order_id": ""} == {
        "sequence": "1", "time": "", "action": "submit", "order_id": first["order_id"],
        "account": str(desk.accounts["bob"]), "client_order_id": "", "side": "sell", "type": "limit",
        "price": "60000", "quantity": "0.5", "resting": "0.5", "time_in_force": "gtc", "post_only": "false",
        "reduce_only": "false", "self_trade_prevention": "cancel_newest",
    }  # fmt: skip
    assert iceberg["client_order_id"] == 'a "b", c'
    assert (iceberg["display_quantity"], iceberg["expires_at"]) == ("0.1", "4000000000000")
    assert (iceberg["post_only"], iceberg["reduce_only"]) == ("true", "false")
    assert (trailing["trigger_source"], trailing["trail_percent"]) == ("last", "1.5")
    assert (trailing["post_only"], trailing["reduce_only"]) == ("false", "true")
    assert "trigger_price" not in trailing


def test_linked_orders_name_their_link_and_role(desk):
    legs = [
        NewOrder("buy", "limit", Decimal(1), Decimal(100)),
        NewOrder("sell", "limit", Decimal(1), Decimal(120)),
        NewOrder("sell", "stop_market", Decimal(1), trigger_price=Decimal(90)),
    ]
    roles = ("entry", "take_profit", "stop_loss")
    services.submit(SYMBOL, [LinkedRequest(desk.accounts["alice"], tuple(legs), roles)])
    rows = export()
    assert [(row["link"], row["link_role"]) for row in rows] == [
        (rows[0]["order_id"], role) for role in roles
    ]


def test_a_stretch_of_the_log(day):
    rows = export()
    assert export(first=5, last=9) == rows[4:9]
    assert export(first=len(rows)) == rows[-1:]
    for stretch in ({"first": 0}, {"last": len(rows) + 1}, {"first": 9, "last": 5}):
        with pytest.raises(CommandError, match=f"a stretch of 1 to {len(rows)}"):
            export(**stretch)


def test_a_parquet_file_says_what_the_csv_says(day, tmp_path):
    path = tmp_path / "it's a tape.parquet"
    call_command("export", SYMBOL, output=path, stdout=io.StringIO())
    found = duckdb.sql(f"SELECT * FROM read_parquet($${path}$$)")
    assert dict(zip(found.columns, map(str, found.types), strict=True)) == COLUMNS
    rows = [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]
    plain = [{name: _as_text(value) for name, value in row.items() if value is not None} for row in rows]
    assert plain == export()
    assert os.listdir(tmp_path) == [path.name]


def _as_text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_a_csv_file_is_written_whole_or_not_at_all(desk, tmp_path):
    desk.sells("bob", "0.5", at="60000")
    path, output = tmp_path / "tape.csv", io.StringIO()
    call_command("export", SYMBOL, output=path, stdout=output)
    assert output.getvalue() == f"1 rows of {SYMBOL} in {path}\n"
    before = path.read_text()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE trading_bookstate SET sequence = 2")
    for name in ("tape.csv", "tape.parquet"):
        with pytest.raises(CommandError, match="event 2 is missing"):
            call_command("export", SYMBOL, output=tmp_path / name, stdout=io.StringIO())
    assert path.read_text() == before and os.listdir(tmp_path) == ["tape.csv"]


def test_what_cannot_be_written_is_refused(desk, tmp_path):
    for options, why in (
        ({"format": "parquet"}, "needs --output"),
        ({"output": tmp_path / "no" / "tape.csv"}, "cannot be written"),
        ({"output": tmp_path / "no" / "tape.parquet"}, "cannot be written"),
    ):
        with pytest.raises(CommandError, match=why):
            call_command("export", SYMBOL, stdout=io.StringIO(), **options)


def test_a_reader_that_has_read_enough_is_no_error(day):
    name = connection.settings_dict["NAME"]
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    command = f"{sys.executable} manage.py export {SYMBOL} | true"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=ROOT, env=os.environ | {"DATABASE_URL": url}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("", "")


def test_the_format_is_described(db):
    text = (ROOT / "docs" / "tape-format.md").read_text()
    described = Counter(re.findall(r"^\| `([a-z_]+)`", text, re.MULTILINE))
    assert set(described) == {*COLUMNS, *ACTIONS}
