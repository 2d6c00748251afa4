"""Orders in the admin: found, looked at with trades and events, cancelled by staff."""

import pytest

from market.models import Market
from trading.models import Order, OrderEvent
from trading.selectors import order_events
from trading.tests.admin.office import history_of, listed, page, refused, text_of, told
from trading.tests.desk import new_order
from trading.tests.pit import ladder


def found(office, **query):
    return {order.pk for order in listed(office.get(page("trading_order_changelist", **query)))}


def key(placed):
    return placed.order.id


def test_orders_are_found_by_user_id_and_client_order_id(office, desk):
    mine = key(desk.buys("alice", "0.1", at="50000", client_order_id="my-order-1"))
    other = key(desk.buys("bob", "0.1", at="50000", client_order_id="bobs"))
    assert found(office, q="alice") == {mine}
    assert found(office, q=str(other)) == {other}
    assert found(office, q="my-order-1") == {mine}
    assert found(office, q="alice my-order-1") == {mine}
    assert found(office, q="bob my-order-1") == set()
    assert found(office, q="my-order") == set()


def test_orders_are_filtered_by_market_and_status(office, desk):
    part = key(desk.sells("bob", "0.2", at="60000"))
    filled = key(desk.buys("alice", "0.1", at="60000"))
    gone = desk.buys("alice", "0.1", at="50000")
    desk.cancels("alice", gone)
    other = desk.buys("alice", "1", at="2000", symbol="ETH-USDT").order
    assert found(office, state="open") == {part, other.id}
    assert found(office, state="partially_filled") == {part}
    assert found(office, state="filled") == {filled}
    assert found(office, state="cancelled") == {key(gone)}
    market = Order.objects.get(pk=other.id).market_id
    assert found(office, market__id__exact=market) == {other.id}
    assert found(office, state="nonsense") == set()


def test_an_orders_page_shows_its_trades_and_its_events(office, desk):
    placed = desk.sells("bob", "0.3", at="60000")
    desk.buys("carol", "0.5", at="10000")
    desk.buys("alice", "0.1", at="60000")
    desk.amends("bob", placed, quantity="0.2")
    desk.cancels("bob", placed)
    shown = text_of(office.get(page("trading_order_change", key(placed))))
    events = [event for panel in _panels(office, placed) if panel.title == "Events" for event in panel.rows]
    assert [row[2] for row in events] == ["Accepted", "Traded", "Reduced", "Cancelled"]
    assert [row[7] for row in events] == ["0.3", "0.1", "0.1", "0.1"], "quantities in BTC, not in lots"
    assert {row[6] for row in events} == {"60000"}
    assert ">alice</a>" in shown and "CANCELLED_BY_USER" in shown and "Cancel this order" not in shown
    [trades] = [panel for panel in _panels(office, placed) if panel.title == "Trades"]
    assert [row[2:6] for row in trades.rows] == [["60000", "0.1", "6000", "maker"]]


def _panels(office, placed):
    return office.get(page("trading_order_change", key(placed))).context["panels"]


def test_the_events_of_an_order_are_found_among_those_of_others(desk):
    """By bisection in time: whatever came before, between and after."""
    for price in range(100, 120):
        desk.buys("carol", "0.1", at=str(price))
    placed = desk.sells("bob", "0.3", at="60000")
    for price in range(100, 120):
        desk.buys("carol", "0.1", at=str(price + 50))
    desk.cancels("bob", placed)
    for price in range(100, 120):
        desk.buys("carol", "0.1", at=str(price + 100))
    events, are_all = order_events.events_of(Order.objects.get(pk=key(placed)))
    assert [event.kind for event in events] == ["A", "C"] and are_all
    assert [event.sequence for event in events] == [21, 42]


def test_the_whole_log_is_not_searched_for_a_long_lived_order(desk, monkeypatch):
    monkeypatch.setattr(order_events, "MOST_SEARCHED", 5)
    placed = desk.sells("bob", "0.5", at="60000")
    for price in range(100, 115):
        desk.buys("carol", "0.1", at=str(price))
    desk.buys("alice", "0.1", at="60000")
    for price in range(100, 115):
        desk.buys("carol", "0.1", at=str(price))
    desk.cancels("bob", placed)
    order = Order.objects.get(pk=key(placed))
    # Only the ends are sure to be there: what happens within the same millisecond cannot be told apart.
    events, are_all = order_events.events_of(order)
    assert events[0].kind == "A" and events[-1].kind == "C" and not are_all


def test_staff_cancel_an_order_with_a_reason(office, desk):
    placed = desk.buys("alice", "0.1", at="50000")
    assert "Cancel this order" in text_of(office.get(page("trading_order_change", key(placed))))
    answer = office.post(page("trading_order_cancel", id=key(placed)), {"reason": "fat finger"}, follow=True)
    assert told(answer) == ["Orders cancelled: 1."]
    order = Order.objects.get(pk=key(placed))
    assert (order.status, order.reason) == ("cancelled", "CANCELLED_BY_STAFF")
    assert desk.balance("alice", "USDT") == ("100000", "0")
    assert history_of(order) == [("admin", "Cancelled by staff: fat finger")]


def test_selected_orders_of_several_markets_and_owners_are_cancelled_together(office, desk):
    orders = [
        key(desk.buys("alice", "0.1", at="50000")),
        key(desk.buys("bob", "0.1", at="50000")),
        key(desk.buys("bob", "1", at="2000", symbol="ETH-USDT")),
    ]
    stays = desk.buys("carol", "0.1", at="50000")
    chosen = {"action": "cancel_selected", "_selected_action": orders, "index": 0}
    asked = office.post(page("trading_order_changelist"), chosen)
    assert len(desk.book()) == 1 and "Cancel 3 orders" in text_of(office.get(asked["Location"]))
    assert told(office.post(asked["Location"], {"reason": "test"}, follow=True)) == ["Orders cancelled: 3."]
    assert desk.book() == ladder("buy 50000 | carol 0.1")
    assert desk.book("ETH-USDT") == []
    assert Order.objects.get(pk=key(stays)).status == "open"


def test_what_is_no_longer_open_is_named_and_the_rest_cancelled(office, desk):
    gone, here = desk.buys("alice", "0.1", at="50000"), desk.buys("alice", "0.1", at="50000")
    desk.cancels("alice", gone)
    address = f"{page('trading_order_cancel')}?id={key(gone)}&id={key(here)}"
    said = told(office.post(address, {"reason": "x"}, follow=True))
    assert sorted(said) == [f"Order {key(gone)}: The order is no longer open.", "Orders cancelled: 1."]
    assert Order.objects.get(pk=key(gone)).reason == "CANCELLED_BY_USER"


@pytest.mark.parametrize("form", [{}, {"reason": ""}, {"reason": "  "}])
def test_without_a_reason_the_order_stays(office, desk, form):
    placed = desk.buys("alice", "0.1", at="50000")
    assert refused(office.post(page("trading_order_cancel", id=key(placed)), form))
    office.get(page("trading_order_cancel", id=key(placed), reason="x"))
    assert desk.book() == ladder("buy 50000 | alice 0.1")


def test_too_many_at_once_are_refused(office, desk, monkeypatch):
    monkeypatch.setattr("trading.admin.confirmation.MOST_CHOSEN", 2)
    orders = [key(desk.buys("alice", "0.1", at="50000")) for _ in range(3)]
    chosen = {"action": "cancel_selected", "_selected_action": orders, "index": 0, "select_across": 1}
    answer = office.post(page("trading_order_changelist"), chosen, follow=True)
    assert told(answer) == ["Select at most 2 at a time."]
    assert Order.objects.filter(status="open").count() == 3


def test_a_clerk_needs_the_permission_to_change_orders(desk, clerk):
    placed = desk.buys("alice", "0.1", at="50000")
    browser = clerk("trading.view_order", "trading.change_order")
    browser.post(page("trading_order_cancel", id=key(placed)), {"reason": "x"})
    assert desk.book() == []
    assert browser.get(page("trading_order_add")).status_code == 403
    assert browser.post(page("trading_order_change", key(placed)), {"price": "1"}).status_code == 403


def test_the_log_of_a_market_is_shown_in_pages(office, desk, monkeypatch):
    monkeypatch.setattr("trading.admin.market_events.PAGE", 3)
    for price in range(100, 105):
        desk.buys("alice", "0.1", at=str(price))
    market = OrderEvent.objects.first().market_id
    first = office.get(page("market_market_events", market))
    assert [row[0] for row in first.context["panel"].rows] == ["5", "4", "3"]
    assert '?before=3"' in text_of(first)
    second = office.get(page("market_market_events", market, before=3))
    assert [row[0] for row in second.context["panel"].rows] == ["2", "1"]
    assert "Older" not in text_of(second) and "Newest" in text_of(second)
    assert office.get(page("market_market_events", market, before=1)).context["panel"].rows == []


def test_addresses_of_the_log_that_mean_nothing_are_not_found(office, desk):
    market = Market.objects.get(symbol="BTC-USDT").pk
    for before in ("x", "", "-1", "1.5", "9" * 30):
        assert office.get(page("market_market_events", market, before=before)).status_code == 404, before
    assert office.get(page("market_market_events", 999)).status_code == 404
    assert office.post(page("market_market_events", market)).status_code in (200, 405)


def test_an_orders_page_tells_what_it_waits_for_and_staff_can_cancel_it(office, desk):
    desk.sells("bob", "0.1", at="50000")
    desk.buys("alice", "0.1", at="50000")
    waiting = [
        (
            new_order("sell", "0.1", type="stop_market", trigger="40000", trigger_source="index"),
            "index at 40000",
        ),
        (new_order("sell", "0.1", type="trailing_stop", trail_percent="2.5"), "last at 48750, 2.5 % behind"),
        (new_order("sell", "0.1", type="trailing_stop", trail_amount="100"), "last at 49900, 100 behind"),
    ]
    for new, words in waiting:
        order = desk.calls("carol", "BTC-USDT", new)
        address = page("trading_order_change", key(order))
        assert words in text_of(office.get(address)) and "Cancel this order" in text_of(office.get(address))
        office.post(page("trading_order_cancel", id=key(order)), {"reason": "asked for by telephone"})
        assert Order.objects.get(pk=key(order)).reason == "CANCELLED_BY_STAFF"
    iceberg = desk.calls("carol", "BTC-USDT", new_order("sell", "0.1", "60000", display="0.02"))
    assert "0.02" in text_of(office.get(page("trading_order_change", key(iceberg))))
