"""The orderly end of trading: the service and its command."""

import importlib
import io
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import CommandError, call_command

from accounts.models import User
from common import clock
from common.errors import ErrorCode, Refused
from market.models import Market
from trading import services
from trading.matching_service.requests import StatusRequest
from trading.models import BookState, Order, OrderEvent
from trading.tests.desk import TradingDesk, new_order
from trading.tests.laws import broken_laws
from trading.tests.margin_market import MarginFloor
from trading.tests.perpetual_desk import PERP, PerpetualDesk

pytestmark = pytest.mark.django_db(transaction=True)

winding = importlib.import_module("trading.services.wind_down")
commanding = importlib.import_module("trading.management.commands.wind_down")
BTC, ETH, CROSS = "BTC-USDT", "ETH-USDT", "ETH-BTC"


@pytest.fixture
def desk():
    desk = PerpetualDesk()
    yield desk
    assert broken_laws() == [] and desk.audited() == []


@pytest.fixture
def admin(db):
    return User.objects.create(username="admin", email="admin@example.com", is_staff=True)


@pytest.fixture
def waits(monkeypatch):
    """Time runs only as far as the command sleeps; how long each time, in seconds."""
    slept, real = [], clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(seconds=sum(slept)))
    monkeypatch.setattr(commanding.time, "sleep", slept.append)
    return slept


def wind_down(*arguments):
    said = io.StringIO()
    call_command("wind_down", *arguments, stdout=said)
    return said.getvalue()


def statuses():
    return set(Market.objects.values_list("status", flat=True))


def everybody_trades(desk):
    """Orders of every kind, and a position."""
    desk.trades("alice", "bob", "0.5", at="50000")
    desk.trades("bob", "alice", "0.001", at="50000", symbol=BTC)
    placed = [
        desk.buys("alice", "0.1", at="40000"),
        desk.sells("bob", "2", at="3000", symbol=ETH, display="1"),
        desk.sells("alice", "0.1", at="59000", symbol=PERP, reduce_only=True),
        desk.buys("carol", "0.1", at="45000", symbol=PERP),
        desk.sells("carol", "0.1", type="stop_market", trigger="30000"),
    ]
    pair = desk.pairs(
        "bob",
        new_order("sell", "0.1", "70000"),
        new_order("sell", "0.1", type="stop_market", trigger="20000"),
    )
    exits = (
        new_order("sell", "0.1", at="80000"),
        new_order("sell", "0.1", type="stop_market", trigger="10000"),
    )
    bracket = desk.brackets("carol", new_order("buy", "0.1", "35000"), *exits)
    return [each.order.id for each in (*placed, *pair.orders, *bracket.orders)]


def test_every_order_ends_with_the_reason_and_holds_nothing(desk, admin):
    ids = everybody_trades(desk)
    assert Order.objects.filter(pk__in=ids, status__in=Order.ACTIVE_STATUSES).count() == len(ids)
    services.begin_wind_down(admin)
    assert statuses() == {"cancel_only"}
    assert desk.buys("alice", "0.1", at="40000") == "MARKET_NOT_OPEN"
    services.end_wind_down(admin)
    assert statuses() == {"halted"}
    ended = Order.objects.filter(pk__in=ids)
    assert set(ended.values_list("status", flat=True)) == {"expired"}
    assert set(ended.values_list("reason", flat=True)) == {"WIND_DOWN"}
    assert desk.balance("carol", "USDT") == ("100000", "0") and desk.balance("carol", "BTC") == ("1", "0")
    assert desk.position("alice") == "long 0.5 at 50000", "positions stay, and so does their margin"
    assert desk.balance("alice", "USDT")[1] == desk.requirement("alice") != "0"
    assert desk.buys("alice", "0.1", at="40000") == "MARKET_NOT_OPEN"


def test_orders_of_margin_accounts_end_too_and_loans_stay(admin):
    floor = MarginFloor()
    floor.moves_in("alice", "1000")
    floor.borrows("alice", "400")
    placed = floor.orders("alice", "buy", "0.01", "45000")
    said = wind_down("--grace", "0")
    assert floor.fate(placed) == "expired WIND_DOWN" and floor.owes("alice").startswith("400")
    assert "1 orders expired" in said and "1 loans to margin accounts stay" in said
    assert broken_laws() == []


def test_clients_have_their_time_of_grace(desk, waits):
    placed = desk.buys("alice", "0.1", at="40000")
    said = wind_down("--grace", "25")
    assert [round(seconds) for seconds in waits] == [10, 10, 5]
    assert "25 s of grace left" in said and "5 s of grace left" in said
    assert desk.fate(placed) == "expired WIND_DOWN"


def test_after_a_crash_it_goes_on_where_it_was(desk, admin, waits):
    """The grace is counted from the first time, and orders that have ended stay ended once."""
    everybody_trades(desk)
    services.begin_wind_down(admin)
    waits.append(20)
    wind_down("--grace", "25")
    assert [round(seconds) for seconds in waits] == [20, 5]
    assert not Order.objects.filter(status__in=Order.ACTIVE_STATUSES).exists()


@pytest.mark.parametrize("steps", range(1, 13))
def test_wherever_it_crashes_the_next_one_finishes(desk, admin, monkeypatch, steps):
    everybody_trades(desk)
    left = [steps]

    def submit(symbol, requests):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return services.submit(symbol, requests)

    monkeypatch.setattr(winding, "submit", submit)
    with pytest.raises(CommandError, match="give the command again"):
        wind_down("--grace", "0")
    monkeypatch.undo()
    assert broken_laws() == []
    wind_down("--grace", "0")
    assert statuses() == {"halted"} and not Order.objects.filter(status__in=Order.ACTIVE_STATUSES).exists()
    changes = OrderEvent.objects.filter(kind="S", market__symbol=BTC).order_by("sequence")
    assert [*changes.values_list("reason", flat=True)] == ["WIND_DOWN", "WOUND_DOWN"], "each step once"


def test_doing_it_again_changes_nothing(desk, admin, waits):
    everybody_trades(desk)
    wind_down("--grace", "1")
    before, told = BookState.objects.order_by("pk").values(), LogEntry.objects.count()
    before = list(before)
    said = wind_down("--grace", "500")
    assert list(BookState.objects.order_by("pk").values()) == before and LogEntry.objects.count() == told
    assert "0 orders expired" in said and len(waits) == 1, "nobody is waited for"


def test_a_dry_run_changes_nothing_and_tells_everything(desk):
    everybody_trades(desk)
    before = desk.everything()
    said = wind_down("--dry-run")
    assert "BTC-USDT is open: 7 live orders of 3 accounts" in said
    assert "BTC-PERP: 1 long and 1 short positions of 0.5 on each side would stay" in said
    assert said.endswith("Nothing was changed.\n")
    assert desk.everything() == before and statuses() == {"open"} and not LogEntry.objects.exists()


def test_whatever_state_a_market_is_in_it_ends_for_good(desk, admin):
    for symbol, status in ((BTC, "auction"), (ETH, "post_only"), (CROSS, "halted"), (PERP, "cancel_only")):
        desk.turns(status, symbol=symbol)
    desk.sells("bob", "0.1", at="50000")
    desk.buys("alice", "0.1", at="50000")
    services.suspend_matching(admin)
    wind_down("--grace", "0")
    assert not OrderEvent.objects.filter(kind__in="TU").exists(), "what an auction collected is not traded"
    assert services.resume_matching(admin).done == [], "a suspension before does not open it again"
    assert statuses() == {"halted"}
    services.set_market_status(BTC, "open", admin)
    assert desk.buys("alice", "0.1", at="40000").order.status == "open", "by name it can be opened again"


def test_an_index_that_comes_back_opens_nothing(desk, admin):
    """It was held for want of an index when the end began."""
    contract = Market.objects.get(symbol=PERP).contract
    contract.reopens_to = "open"
    contract.save()
    services.submit(PERP, [StatusRequest("cancel_only", "INDEX_STALE")])
    services.begin_wind_down(admin)
    contract.refresh_from_db()
    assert contract.reopens_to == "" and Market.objects.get(symbol=PERP).status == "cancel_only"


def test_a_market_that_somebody_opens_meanwhile_is_closed_again(desk, admin, monkeypatch):
    """Orders that slipped in through it end too."""
    services.begin_wind_down(admin)
    real, slipped = winding._halt_all, []

    def halt_all(by, reason):
        if not slipped:
            services.set_market_status(BTC, "open", admin)
            slipped.append(desk.buys("alice", "0.1", at="40000"))
        real(by, reason)

    monkeypatch.setattr(winding, "_halt_all", halt_all)
    services.end_wind_down(admin)
    assert desk.fate(slipped[0]) == "expired WIND_DOWN" and statuses() == {"halted"}


def test_who_keeps_opening_markets_is_told_of(desk, admin, monkeypatch):
    services.begin_wind_down(admin)

    def halt_all(by, reason):
        services.set_market_status(BTC, "open", admin)
        desk.buys("alice", "0.1", at="40000")

    monkeypatch.setattr(winding, "_halt_all", halt_all)
    with pytest.raises(Refused, match="CONFLICT"):
        services.end_wind_down(admin)
    monkeypatch.undo()
    services.end_wind_down(admin)


def test_large_books_end_in_several_transactions(desk, admin, monkeypatch):
    monkeypatch.setattr(winding, "ORDERS_AT_ONCE", 3)
    for name in ("alice", "bob", "carol"):
        for number in range(2):
            desk.buys(name, "0.01", at=str(40000 + number))
    sizes = []

    def submit(symbol, requests):
        sizes.append(len(requests))
        return services.submit(symbol, requests)

    services.begin_wind_down(admin)
    monkeypatch.setattr(winding, "submit", submit)
    assert services.end_wind_down(admin) == 6
    assert sizes[:3] == [1, 1, 1]


def test_a_market_that_cannot_be_reached_stops_it_and_says_how_to_go_on(desk, monkeypatch):
    def submit(symbol, requests):
        raise Refused(ErrorCode.UNAVAILABLE, "The market is busy; try again.")

    monkeypatch.setattr(winding, "submit", submit)
    with pytest.raises(CommandError, match="again to go on"):
        wind_down("--grace", "0")


def test_the_history_tells_who_and_why(desk, admin):
    wind_down("--grace", "0", "--by", "admin", "--reason", "the course is over")
    told = LogEntry.objects.filter(object_repr=BTC).order_by("id")
    assert [(entry.user.username, entry.get_change_message()) for entry in told] == [
        ("admin", "Trading is wound down: cancels only: the course is over"),
        ("admin", "Trading is wound down: halted: the course is over"),
    ]


@pytest.mark.parametrize("grace", ["-1", "1.5", "x", "1e3", "٣", "604801", "9" * 30])
def test_a_grace_that_is_none_is_refused(db, grace):
    with pytest.raises(CommandError, match="grace"):
        wind_down("--grace", grace)


def test_an_exchange_without_markets_has_nothing_to_end(db):
    assert "0 orders expired" in wind_down()


def test_no_exits_of_a_bracket_are_left_without_their_entry(admin):
    desk = TradingDesk()
    exits = (
        new_order("sell", "0.1", at="60000"),
        new_order("sell", "0.1", type="stop_market", trigger="40000"),
    )
    desk.sells("bob", "0.05", at="50000")
    desk.buys("carol", "0.01", at="50000")
    entry = desk.brackets("alice", new_order("buy", "0.1", "50000"), *exits)
    assert [desk.order(each).status for each in entry.orders][:1] == ["partially_filled"]
    wind_down("--grace", "0")
    assert not Order.objects.filter(status__in=Order.ACTIVE_STATUSES).exists()
    assert broken_laws() == []
