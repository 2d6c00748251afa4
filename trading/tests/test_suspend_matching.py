"""Matching suspended in all markets at once, and resumed as it was: the service and its two commands."""

import importlib
import io

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import CommandError, call_command

from accounts.models import User
from common.errors import ErrorCode, Refused
from market.models import Market
from trading import services
from trading.matching_service.requests import StatusRequest
from trading.models import OrderEvent
from trading.tests.desk import TradingDesk
from trading.tests.laws import broken_laws

pytestmark = pytest.mark.django_db(transaction=True)

suspending = importlib.import_module(
    "trading.services.suspend_matching"
)  # the package has a verb of this name
BTC, ETH, CROSS = "BTC-USDT", "ETH-USDT", "ETH-BTC"


@pytest.fixture
def desk():
    desk = TradingDesk()
    yield desk
    assert broken_laws() == []


@pytest.fixture
def admin(desk):
    return User.objects.create(username="admin", email="admin@example.com", is_staff=True)


def states():
    return dict(Market.objects.values_list("symbol", "status"))


def run(command, *arguments):
    said = io.StringIO()
    call_command(command, *arguments, stdout=said)
    return said.getvalue()


def test_every_market_stops_at_once_and_goes_on_as_it_was(desk, admin):
    resting = desk.buys("alice", "0.1", at="50000")
    desk.turns("post_only", symbol=ETH)
    desk.turns("cancel_only", symbol=CROSS)
    assert services.suspend_matching(admin, "the disk is full").done == [BTC, CROSS, ETH]
    assert set(states().values()) == {"halted"}
    assert desk.sells("bob", "0.1", at="50000") == "MARKET_NOT_OPEN"
    assert desk.order(resting).status == "open", "orders stay"
    assert services.resume_matching(admin, "more disk").done == [BTC, CROSS, ETH]
    assert states() == {BTC: "open", ETH: "post_only", CROSS: "cancel_only"}
    assert desk.sells("bob", "0.1", at="50000").order.status == "filled"


def test_what_was_halted_before_stays_halted(desk, admin):
    services.set_market_status(ETH, "halted", admin)
    suspended = services.suspend_matching(admin)
    assert (suspended.done, suspended.left) == ([BTC, CROSS], [ETH])
    resumed = services.resume_matching(admin)
    assert (resumed.done, resumed.left) == ([BTC, CROSS], [ETH])
    assert states() == {BTC: "open", ETH: "halted", CROSS: "open"}


def test_what_is_halted_by_name_meanwhile_stays_halted(desk, admin):
    services.suspend_matching(admin)
    services.set_market_status(BTC, "halted", admin, "this one has a fault of its own")
    services.resume_matching(admin)
    assert states() == {BTC: "halted", ETH: "open", CROSS: "open"}


def test_what_is_opened_by_name_meanwhile_is_left_alone(desk, admin):
    services.suspend_matching(admin)
    services.set_market_status(BTC, "cancel_only", admin)
    assert services.resume_matching(admin).left == [BTC]
    assert states() == {BTC: "cancel_only", ETH: "open", CROSS: "open"}


def test_suspending_twice_remembers_the_first_time(desk, admin):
    desk.turns("post_only", symbol=ETH)
    services.suspend_matching(admin)
    assert services.suspend_matching(admin).done == []
    services.resume_matching(admin)
    assert services.resume_matching(admin).done == []
    assert states() == {BTC: "open", ETH: "post_only", CROSS: "open"}


def test_a_market_that_is_in_a_call_auction_collects_on(desk, admin):
    """One with an end is opened through an auction of its own length; one without goes on until it is opened."""
    Market.objects.update(auction_seconds=600)
    desk.turns("auction", 300, symbol=BTC)
    desk.turns("auction", symbol=ETH)
    sell, buy = desk.sells("bob", "0.1", at="50000"), desk.buys("alice", "0.1", at="50000")
    services.suspend_matching(admin)
    services.resume_matching(admin)
    assert states()[BTC] == states()[ETH] == "auction"
    ends = dict(Market.objects.values_list("symbol", "auction_ends_at"))
    assert ends[BTC] is not None and ends[ETH] is None
    services.set_market_status(BTC, "open", admin, auction_seconds=0)
    assert (desk.order(sell).status, desk.order(buy).status) == ("filled", "filled")


def test_a_change_between_the_look_and_the_lock_is_not_undone(desk, admin, monkeypatch):
    """Somebody sets a market to post-only just before it is halted: that is what it goes back to."""
    real, changed = services.submit, []

    def submit(symbol, requests):
        if symbol == BTC and not changed:
            changed.append(real(BTC, [StatusRequest("post_only", "somebody else")]))
        return real(symbol, requests)

    monkeypatch.setattr(suspending, "submit", submit)
    assert BTC in services.suspend_matching(admin).done
    monkeypatch.undo()
    services.resume_matching(admin)
    assert changed and states()[BTC] == "post_only"


def test_a_market_that_cannot_be_stopped_does_not_keep_the_others_running(desk, admin, monkeypatch):
    real = services.submit

    def submit(symbol, requests):
        if symbol == BTC:
            raise Refused(ErrorCode.UNAVAILABLE, "The market is busy; try again.")
        return real(symbol, requests)

    monkeypatch.setattr(suspending, "submit", submit)
    assert services.suspend_matching(admin).failed == [BTC]
    assert states() == {BTC: "open", ETH: "halted", CROSS: "halted"}
    with pytest.raises(CommandError, match="BTC-USDT"):
        run("suspend_matching")
    monkeypatch.undo()
    assert services.suspend_matching(admin).done == [BTC]


def test_the_log_and_the_history_tell_who_and_why(desk, admin):
    services.suspend_matching(admin, "the disk is full")
    services.resume_matching(admin)
    events = OrderEvent.objects.filter(kind="S", market__symbol=BTC).order_by("sequence")
    assert list(events.values_list("details__status", "reason")) == [
        ("halted", "SUSPENDED_OPEN"),
        ("auction", "MATCHING_RESUMED"),
        ("open", "AUCTION_ENDED"),
    ]
    about = LogEntry.objects.filter(object_repr=BTC).order_by("id")
    assert [(entry.user.username, entry.get_change_message()) for entry in about] == [
        ("admin", "Matching suspended: the disk is full"),
        ("admin", "Matching resumed"),
    ]


def test_the_commands_say_what_they_did_and_who_it_was(desk, admin):
    said = run("suspend_matching", "--by", "admin", "--reason", "a drill")
    assert said == "Suspended: BTC-USDT, ETH-BTC, ETH-USDT\n"
    assert run("suspend_matching") == "Nothing to suspend\nHalted before: BTC-USDT, ETH-BTC, ETH-USDT\n"
    assert run("resume_matching") == "Resumed: BTC-USDT, ETH-BTC, ETH-USDT\n"
    assert run("resume_matching") == "Nothing to resume\nLeft as they are: BTC-USDT, ETH-BTC, ETH-USDT\n"
    told = LogEntry.objects.filter(object_repr=BTC).order_by("id")
    assert [entry.user.username for entry in told] == ["admin", "(console)"]
    assert "at the console" in told[1].get_change_message()


@pytest.mark.parametrize("name", ["alice", "nobody-of-that-name"])
def test_only_staff_are_named_as_those_who_did_it(desk, name):
    with pytest.raises(CommandError, match=name):
        run("suspend_matching", "--by", name)
    assert set(states().values()) == {"open"}


def test_nobody_can_sign_in_as_the_console(desk):
    run("suspend_matching")
    console = User.objects.get(username="(console)")
    assert not console.is_active and not console.is_staff and not console.has_usable_password()
