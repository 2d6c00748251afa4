"""`manage.py import-orders`: tapes through the real engine."""

import gzip
import io
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Account, Balance, LedgerTransaction, User
from common import clock
from market.models import Market
from trading.models import Order, Trade
from trading.services import set_market_status
from trading.tests.busy_day import BusyDay
from trading.tests.desk import TradingDesk, open_market
from trading.tests.laws import broken_laws

pytestmark = pytest.mark.django_db(transaction=True)

SYMBOL, TWIN = "BTC-USDT", "ETH-USDT"
RULES = {"tick": "0.01", "lot": "0.00001", "minimum_notional": "5"}
ROOT = Path(__file__).parents[2]
HEADER = "time,action,order_id,side,type,price,quantity"


@pytest.fixture
def desk():
    """BTC-USDT, and ETH-USDT with the same rules."""
    desk = TradingDesk(funds={"USDT": "50000000", "BTC": "1000"}, symbols=(SYMBOL,))
    open_market(TWIN, **RULES)
    return desk


def export(path, symbol=SYMBOL):
    call_command("export", symbol, output=path, stdout=io.StringIO())
    return path


def play(path, symbol=SYMBOL, **options):
    """Title -> figure of the report."""
    output = io.StringIO()
    call_command("import-orders", str(path), symbol=symbol, stdout=output, **options)
    return {line[:26].strip(): line[26:] for line in output.getvalue().splitlines()}


def tape(path, *rows, header=HEADER):
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def trades_of(symbol, name_of):
    """(price, quantity, taker, maker), in order; name_of: of an order."""
    rows = (
        Trade.objects.filter(market__symbol=symbol)
        .order_by("sequence")
        .select_related("taker_order", "maker_order")
    )
    return [(t.price, t.quantity, name_of(t.taker_order), name_of(t.maker_order)) for t in rows]


def own_name(order):
    return str(order.pk)


def tape_name(order):
    return order.client_order_id.partition("-")[2]


def ends_of(symbol, name_of):
    """Name -> how it ended, and the amounts, of every order. What expired on the tape is cancelled by a timer here."""
    return {
        name_of(o): (
            o.status.replace("expired", "cancelled"),
            o.quantity,
            o.filled_quantity,
            o.cancelled_quantity,
        )
        for o in Order.objects.filter(market__symbol=symbol)
    }


# ---- there and back ----


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_a_day_of_everything_makes_the_same_trades_in_a_fresh_market(desk, tmp_path, seed):
    day = BusyDay(desk.accounts.values(), seed)
    day.trade(80)
    day.leave_one_of_each()
    figures = play(export(tmp_path / "day.csv"), TWIN, keep_book=True)
    recorded = trades_of(SYMBOL, own_name)
    assert trades_of(TWIN, tape_name) == recorded and len(recorded) > 40
    assert figures["equal trades"] == f"{len(recorded)} of {len(recorded)} (100.00%) in price and quantity"
    assert figures["of the same orders"] == f"{len(recorded)} of {len(recorded)} (100.00%)"
    assert figures["refused"] == "none"
    assert ends_of(TWIN, tape_name) == ends_of(SYMBOL, own_name)
    assert figures["audit"] == "clean"
    call_command("replay", TWIN, stdout=io.StringIO())
    assert broken_laws() == []


def test_a_tape_can_be_played_again_and_again(desk, tmp_path):
    path = tape(tmp_path / "t", "1,submit,a,sell,limit,60000,0.5", "2,submit,b,buy,limit,60000,0.2")
    for times in (1, 2):
        assert play(path)["our trades"] == "1, 0.2 BTC for 12000 USDT"
        assert Trade.objects.count() == times
    assert not Order.objects.filter(status__in=Order.ACTIVE_STATUSES).exists()
    assert Account.objects.filter(user__username__startswith="tape-").count() == 2


# ---- the smallest tapes ----


def test_the_smallest_tape(desk, tmp_path):
    path = tape(
        tmp_path / "t",
        "1000,submit,a1,sell,limit,60001.5,0.25",
        "1004,submit,a2,buy,limit,60000,0.1",
        "1120,submit,a3,buy,market,,0.05",
        "1130,cancel,a2,,,,",
        "1140,submit,a4,sell,limit,60000,0.01",
        "1150,reduce,a1,,,,0.1",
        "1160,amend,a4,,,60000.5,0.03",
    )
    figures = play(path, keep_book=True)
    assert figures["orders"] == "4 placed, 2 amended, 1 cancelled"
    assert figures["our trades"] == "1, 0.05 BTC for 3000.075 USDT"
    assert "the tape's trades" not in figures and figures["audit"] == "clean"
    found = {tape_name(o): o for o in Order.objects.all()}
    assert (found["a1"].quantity, found["a1"].filled_quantity) == (Decimal("0.15"), Decimal("0.05"))
    assert (found["a4"].price, found["a4"].quantity) == (Decimal("60000.5"), Decimal("0.03"))
    assert found["a2"].reason == "CANCELLED_BY_USER"


def test_a_reduction_counts_from_what_an_amend_just_before_it_made(desk, tmp_path):
    rows = ["1,submit,a,sell,limit,60000,0.1", "2,submit,b,sell,limit,60001,0.1", "3,cancel,a,,,,"]
    play(tape(tmp_path / "t", *rows, "4,amend,b,,,,0.3", "4,reduce,b,,,,0.05"), keep_book=True)
    assert Order.objects.get(status="open").quantity == Decimal("0.25")


def test_without_accounts_on_the_tape_nobody_meets_themself_or_has_too_many_orders(desk, tmp_path):
    Market.objects.filter(symbol=SYMBOL).update(maximum_open_orders=10)
    rows = [f"{n},submit,s{n},sell,limit,60{n:03},0.01" for n in range(60)]
    rows += [f"{100 + n},submit,b{n},buy,limit,59{n:03},0.01" for n in range(60)]
    rows += ["300,submit,x,buy,limit,60100,0.6"]
    figures = play(tape(tmp_path / "t", *rows))
    assert figures["refused"] == "none" and figures["our trades"].startswith("60, 0.6 BTC")
    buyers, sellers = (
        set(Order.objects.filter(side=side).values_list("account_id", flat=True)) for side in ("buy", "sell")
    )
    assert not buyers & sellers and len(buyers) == len(sellers) > 6


def test_with_accounts_each_has_its_own_and_meets_itself(desk, tmp_path):
    path = tape(
        tmp_path / "t",
        "1,submit,a,sell,limit,60000,0.5,dora",
        "2,submit,b,buy,limit,60000,0.2,dora",
        "3,submit,c,buy,limit,60000,0.2,emil",
        header=HEADER + ",account",
    )
    play(path, keep_book=True)
    found = {tape_name(o): o for o in Order.objects.all()}
    assert found["a"].account_id == found["b"].account_id != found["c"].account_id
    assert found["b"].reason == "SELF_TRADE_PREVENTED"
    assert trades_of(SYMBOL, tape_name) == [(60_000, Decimal("0.2"), "c", "a")]


def test_money_comes_from_a_ledger_transaction_with_its_reason(desk, tmp_path):
    play(tape(tmp_path / "t", "1,submit,a,sell,limit,60000,0.5", "2,submit,b,buy,limit,60000,0.2"))
    deposits = LedgerTransaction.objects.filter(reason="Funds of an agent")
    assert deposits.count() == 2 and {d.kind for d in deposits} == {"deposit"}


def test_orders_end_at_the_tapes_time_and_not_at_ours(desk, tmp_path):
    header = HEADER + ",time_in_force,expires_at"
    path = tape(
        tmp_path / "t",
        "1000,submit,a,sell,limit,60000,0.1,gtd,2000",
        "1000,submit,b,sell,limit,60001,0.1,gtd,3000",
        "1999,submit,c,buy,limit,60000,0.04,gtc,",
        "2000,submit,d,buy,limit,60000,0.04,gtc,",
        "9000,submit,e,buy,limit,60001,0.04,gtc,",
        header=header,
    )
    play(path, keep_book=True)
    assert trades_of(SYMBOL, tape_name) == [(60_000, Decimal("0.04"), "c", "a")]
    ends = {tape_name(o): o.reason or o.status for o in Order.objects.all()}
    timer = "CANCEL_AFTER_TIMEOUT"
    assert ends == {"a": timer, "b": timer, "c": "filled", "d": "open", "e": "open"}


def test_what_the_tape_cancels_that_is_not_live_here_is_counted(desk, tmp_path):
    rows = [
        "1,submit,a,sell,limit,60000,0.1",
        "2,submit,b,buy,limit,60000,0.1",
        "3,cancel,a,,,,",
        "4,cancel,z,,,,",
    ]
    assert play(tape(tmp_path / "t", *rows))["not live here"].startswith("2 orders")


def test_what_the_market_refuses_is_counted_by_its_code(desk, tmp_path):
    rows = [
        "1,submit,a,sell,limit,60000,0.1",
        "2,submit,b,sell,limit,60000,0.00001",
        "3,submit,c,buy,market,,0.00001",
    ]
    assert play(tape(tmp_path / "t", *rows))["refused"] == "MIN_NOTIONAL 2"


def test_trades_that_differ_from_the_tapes_are_told(desk, tmp_path):
    header = HEADER + ",maker_order_id"
    rows = [
        "1,submit,a,sell,limit,60000,0.1,",
        "2,submit,b,buy,limit,60000,0.1,",
        "2,fill,b,buy,,60000,0.05,a",
    ]
    figures = play(tape(tmp_path / "t", *rows, "2,fill,b,buy,,60000,0.05,a", header=header))
    assert figures["the tape's trades"] == "2, 0.1 BTC for 6000 USDT"
    assert figures["our trades"] == "1, 0.1 BTC for 6000 USDT"
    assert figures["equal trades"] == "0 of 2 (0.00%) in price and quantity"


def test_the_recorded_pace_is_kept(desk, tmp_path):
    path = tape(tmp_path / "t", "1000,submit,a,sell,limit,60000,0.1", "2500,submit,b,buy,limit,60000,0.1")
    began = clock.now()
    play(path, speed="10")
    assert (Trade.objects.get().created_at - began).total_seconds() >= 0.15


def test_a_packed_tape(desk, tmp_path):
    path = tape(tmp_path / "t", "1,submit,a,sell,limit,60000,0.5")
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert play(path)["orders"].startswith("1 placed")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(CommandError, match="the gzip file is damaged"):
        play(path)


# ---- what is refused, before anything is touched ----


def refused(path, why, symbol=SYMBOL, **options):
    before = Order.objects.count(), Account.objects.count(), Balance.objects.count()
    with pytest.raises(CommandError, match=re.escape(why)):
        play(path, symbol, **options)
    assert (Order.objects.count(), Account.objects.count(), Balance.objects.count()) == before


GOOD = "5,submit,a,sell,limit,60000,0.5"


@pytest.mark.parametrize(
    "row, why",
    [
        ("6,submit,b,sell,limit,60000", "has 6 fields where the header has 7"),
        ("6,sumbit,b,sell,limit,60000,1", "action must be one of submit, cancel"),
        ("x,submit,b,sell,limit,60000,1", "time must be milliseconds since the epoch, not 'x'"),
        ("4,submit,b,sell,limit,60000,1", "time 4 is before 5, the time of an earlier row"),
        ("6,submit,,sell,limit,60000,1", "order_id must be 1 to 40 characters"),
        ("6,submit,b,short,limit,60000,1", "side must be one of buy, sell, not 'short'"),
        ("6,submit,b,sell,peg,60000,1", "type must be one of limit, market"),
        ("6,submit,b,sell,limit,,1", "price: a limit order needs a price"),
        ("6,submit,b,sell,limit,1e5,1", "price must be a decimal string"),
        ("6,submit,b,sell,limit,NaN,1", "price must be a decimal string"),
        ("6,submit,b,sell,limit,60000.001,1", "price must be a positive multiple of 0.01, not 60000.001"),
        ("6,submit,b,sell,limit,60000,0", "quantity must be a positive multiple of 0.00001, not 0"),
        ("6,submit,b,sell,market,,", "quantity: give either quantity or quote_quantity"),
        ("6,submit,a,sell,limit,60000,1", "order_id a is that of a live order already"),
        ("6,reduce,a,,,,", "quantity must be a decimal string"),
        ("6,amend,a,,,,", "an amend says a price, a quantity or a trigger_price"),
        ("6,status,,,,,", "status must be one of open"),
        ("6,fill,a,,,x,1", "price must be a decimal string"),
    ],
)
def test_a_bad_row_is_told_with_its_line(desk, tmp_path, row, why):
    refused(tape(tmp_path / "t", GOOD, row), f"line 3: {why}")


LINKED = HEADER + ",trigger_price,time_in_force,expires_at,link,link_role"


@pytest.mark.parametrize(
    "rows, why",
    [
        (["6,submit,b,sell,limit,60000,1,,gtd,6,,"], "line 3: expires_at is not after time"),
        (
            ["6,submit,b,sell,limit,60000,1,,,,x,entry"],
            "line 3: the linked orders x: link_role must be oco and oco",
        ),
        (["6,submit,b,sell,limit,60000,1,,,,x,boss"], "line 3: link_role must be one of oco"),
        (
            ["6,submit,b,sell,limit,60000,1,,,,x,oco", "6,submit,c,buy,stop_market,,1,50000,,,x,oco"],
            "the exits are not of one side and quantity",
        ),
        (
            ["6,submit,b,sell,limit,60000,1,,,,x,oco", "6,submit,c,sell,limit,60001,1,,,,x,oco"],
            "stop_loss is a limit order",
        ),
        (
            [
                "6,submit,b,sell,limit,60000,1,,,,x,entry",
                "6,submit,c,sell,stop_market,,1,50000,,,x,stop_loss",
            ],
            "the exits are of the entry's side",
        ),
        (
            [
                "6,submit,b,sell,limit,60000,1,,,,x,oco",
                "6,cancel,a,,,,,,,,,",
                "6,submit,c,sell,limit,60001,1,,,,x,oco",
            ],
            "line 5: link x ended rows ago",
        ),
    ],
)
def test_bad_conditions_and_links_too(desk, tmp_path, rows, why):
    refused(tape(tmp_path / "t", GOOD + ",,,,,", *rows, header=LINKED), why)


def test_every_bad_row_is_told_but_no_more_than_twenty(desk, tmp_path):
    path = tape(tmp_path / "t", *(f"{n},x,,,,," for n in range(30)))
    with pytest.raises(CommandError) as refusal:
        play(path)
    lines = str(refusal.value).splitlines()
    assert len(lines) == 22 and lines[20].startswith("line 21: ") and lines[21] == "and 10 more"


@pytest.mark.parametrize(
    "content, why",
    [
        (b"", "the header must name time, action"),
        (b"time,action,order_id\n", "missing: side, type, price, quantity"),
        (HEADER.encode() + b",colour\n", "unknown: colour"),
        (HEADER.encode() + b",time\n", "a column is named twice"),
        (HEADER.encode() + b"\n\xff\xfe", "this is not CSV in UTF-8"),
        (HEADER.encode() + b"\n", "no order with a price"),
        (HEADER.encode() + b"\n" + b"x" * 200_000, "this is not CSV in UTF-8"),
    ],
)
def test_what_is_no_tape(desk, tmp_path, content, why):
    path = tmp_path / "t"
    path.write_bytes(content)
    refused(path, why)


def test_what_stands_in_the_way(desk, tmp_path, settings):
    path = tape(tmp_path / "t", GOOD)
    refused(tmp_path / "nothing", "cannot be read: No such file")
    refused(path, "There is no such market", symbol="NO-SUCH")
    refused(path, "--speed must be max or a number above 0", speed="fast")
    set_market_status(SYMBOL, "halted")
    refused(path, "BTC-USDT is not open")
    settings.DEMO = False
    refused(path, "demo mode only, or --force")


def test_a_name_that_belongs_to_somebody(desk, tmp_path):
    User.objects.create_user("tape-1", password="a-long-pass-7")
    with pytest.raises(CommandError, match="tape-1 belongs to somebody"):
        play(tape(tmp_path / "t", GOOD))
    assert not Order.objects.exists()


def test_more_participants_than_accounts_are_made(desk, tmp_path, monkeypatch):
    monkeypatch.setattr("agents.tape.desks.MOST_ACCOUNTS", 1)
    refused(
        tape(tmp_path / "t", GOOD, "6,submit,b,buy,limit,60000,0.5"), "needs 2 accounts; at most 1 are made"
    )


def test_the_converter_in_the_documentation_makes_a_tape(desk, tmp_path):
    text = (ROOT / "docs" / "tape-format.md").read_text()
    [program] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    messages = [
        "34200.004241176,1,11,18,5853300,1",
        "34200.025552,1,12,18,5853400,-1",
        "34200.201743336,4,11,10,5853300,1",
        "34200.3,2,12,8,5853400,-1",
        "34200.4,3,11,8,5853300,1",
    ]
    done = subprocess.run(
        [sys.executable, "-c", program], input="\n".join(messages), capture_output=True, text=True, check=True
    )
    path = tmp_path / "t"
    path.write_text(done.stdout)
    figures = play(path, keep_book=True)
    assert figures["orders"] == "3 placed, 1 amended, 1 cancelled" and figures["not live here"].startswith(
        "0"
    )
    assert trades_of(SYMBOL, tape_name) == [(Decimal("585.33"), 10, "taker-2", "11")]
    assert Order.objects.get(status="open").quantity == 10


def test_the_smallest_tape_of_the_documentation_is_played(desk, tmp_path):
    text = (ROOT / "docs" / "tape-format.md").read_text()
    [rows] = re.findall(rf"```\n({HEADER}\n.*?)```", text, re.DOTALL)
    path = tmp_path / "t"
    path.write_text(rows)
    assert play(path)["orders"] == "3 placed, 0 amended, 1 cancelled"
