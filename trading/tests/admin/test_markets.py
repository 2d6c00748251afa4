"""Markets and assets in the admin."""

from decimal import Decimal

import pytest

from accounts.models import Account
from market.models import Asset, Market
from market.services import set_price
from trading.admin.markets import MarketAdmin
from trading.models import BookState
from trading.tests.admin.office import history_of, page, refused, text_of, told
from trading.tests.laws import broken_laws


@pytest.fixture
def market(desk):
    return Market.objects.get(symbol="BTC-USDT")


def status_page(market, to):
    return page("market_market_status", to=to, id=market.pk)


@pytest.mark.parametrize(
    ("to", "answer"),
    [
        ("halted", "MARKET_NOT_OPEN"),
        ("cancel_only", "MARKET_NOT_OPEN"),
        ("post_only", "MARKET_NOT_OPEN"),
        ("auction", None),
        ("open", None),
    ],
)
def test_a_status_holds_from_the_next_order_on(office, desk, market, to, answer):
    resting = desk.buys("alice", "0.1", at="50000")
    said = told(office.post(status_page(market, to), {"reason": "the feed is down"}, follow=True))
    market.refresh_from_db()
    assert said == [f"BTC-USDT is {market.get_status_display().lower()} now."]
    assert market.status == to
    placed = desk.buys("bob", "0.1", at="50000")
    assert placed == answer if answer else placed.order.status == "open"
    assert desk.cancels("alice", resting).status == "cancelled"
    assert history_of(market) == [("admin", f"Status: {to}: the feed is down")]


def test_several_markets_are_halted_and_opened_from_the_list(office, desk):
    keys = list(Market.objects.values_list("pk", flat=True))
    chosen = {"_selected_action": keys, "index": 0}
    for action, status in (
        ("halt_selected", "halted"),
        ("cancel_only_selected", "cancel_only"),
        ("open_selected", "open"),
    ):
        before = set(Market.objects.values_list("status", flat=True))
        asked = office.post(page("market_market_changelist"), chosen | {"action": action})
        office.get(asked["Location"])
        assert set(Market.objects.values_list("status", flat=True)) == before, "the action only asks"
        office.post(asked["Location"], {"reason": "maintenance"})
        assert set(Market.objects.values_list("status", flat=True)) == {status}


def test_no_reason_no_change(office, market):
    assert refused(office.post(status_page(market, "halted"), {"reason": " "}))
    office.get(f"{status_page(market, 'halted')}&reason=x")
    market.refresh_from_db()
    assert market.status == "open" and history_of(market) == []


@pytest.mark.parametrize("query", ["", "?to=halted", "?to=burnt&id={id}", "?id={id}", "?to=halted&id=x"])
def test_addresses_that_mean_nothing_are_not_found(office, market, query):
    assert office.get(page("market_market_status") + query.format(id=market.pk)).status_code == 404


def test_a_clerk_halts_with_the_permission_to_change_markets(clerk, market):
    browser = clerk("market.view_market", "market.change_market")
    browser.post(status_page(market, "halted"), {"reason": "x"})
    market.refresh_from_db()
    assert market.status == "halted"


def test_opening_ends_an_auction_whatever_the_markets_own_rule(office, desk, market):
    Market.objects.update(auction_seconds=600)
    for to in ("halted", "open"):
        office.post(status_page(market, to), {"reason": "x"})
    shown = text_of(office.get(page("market_market_changelist")))
    assert "call auction until" in shown and "post-only" in text_of(
        office.get(page("market_market_change", market.pk))
    )
    office.post(status_page(market, "open"), {"reason": "x"})
    market.refresh_from_db()
    assert (market.status, market.auction_ends_at) == ("open", None)
    log = text_of(office.get(page("market_market_events", market.pk)))
    assert "halted: SET_BY_STAFF" in log and "open: AUCTION_ENDED" in log


LIMITS = {
    "minimum_notional": "5", "maximum_notional": "1000000000000", "maximum_open_orders": "1000",
    "price_band": "", "market_protection": "0.1", "breaker_move": "", "breaker_window_seconds": "60",
    "auction_seconds": "0",
}  # fmt: skip


def fees(**edits):
    return LIMITS | {"maker_fee": "0.001", "taker_fee": "0.002", "reason": ""} | edits


def test_limits_are_edited_with_a_reason_and_hold_from_the_next_order_on(office, desk, market):
    edits = {
        "maximum_open_orders": "1", "maximum_notional": "20000", "price_band": "0.5", "market_protection": "0.05",
        "breaker_move": "0.1", "breaker_window_seconds": "30", "auction_seconds": "60",
    }  # fmt: skip
    desk.sells("bob", "0.1", at="50000")
    desk.buys("alice", "0.1", at="50000")
    office.post(page("market_market_change", market.pk), fees(**edits, reason="storm"))
    assert history_of(market) == [
        (
            "admin",
            "Maximum notional from 1000000000000 to 20000; Maximum open orders from 1000 to 1; "
            "Price band from nothing to 0.5; Market protection from 0.1 to 0.05; Breaker move from nothing to 0.1; "
            "Breaker window seconds from 60 to 30; Auction seconds from 0 to 60: storm",
        )
    ]
    assert desk.buys("carol", "0.5", at="50000") == "MAX_NOTIONAL"
    assert desk.buys("carol", "0.1", at="75000.01") == "PRICE_OUT_OF_BAND"
    desk.buys("carol", "0.1", at="40000")
    assert desk.buys("carol", "0.1", at="40000") == "TOO_MANY_OPEN_ORDERS"
    desk.sells("bob", "0.1", at="56000")
    desk.buys("alice", "0.1", at="56000")
    market.refresh_from_db()
    assert market.status == "halted"
    office.post(page("market_market_change", market.pk), fees(reason="calm"))
    market.refresh_from_db()
    assert (market.breaker_move, market.price_band, market.maximum_open_orders) == (None, None, 1000)


WRONG_LIMITS = [
    {"maximum_notional": "0"}, {"maximum_notional": "1000000000001"}, {"maximum_open_orders": "0"},
    {"maximum_open_orders": "1.5"}, {"maximum_open_orders": ""}, {"maximum_open_orders": "1_0"},
    {"price_band": "0"}, {"price_band": "11"}, {"price_band": "-1"}, {"price_band": "0.0000001"},
    {"market_protection": ""}, {"market_protection": "0"}, {"breaker_move": "NaN"}, {"breaker_move": "1e-1"},
    {"breaker_window_seconds": "0"}, {"breaker_window_seconds": "86401"}, {"auction_seconds": "86401"},
    {"auction_seconds": "-1"}, {"breaker_move": "0.1", "reason": " "},
]  # fmt: skip


def test_wrong_limits_are_refused(office, market):
    before = Market.objects.values().get(pk=market.pk)
    for edits in WRONG_LIMITS:
        answer = office.post(page("market_market_change", market.pk), fees(**{"reason": "x"} | edits))
        assert "Please correct" in text_of(answer), edits
    assert Market.objects.values().get(pk=market.pk) == before


def test_fees_and_minimum_notional_are_edited_with_a_reason(office, desk, market):
    edits = fees(maker_fee="0.0005", taker_fee="0.0015", minimum_notional="10", reason="new price list")
    assert office.post(page("market_market_change", market.pk), edits).status_code == 302
    market.refresh_from_db()
    assert (market.maker_fee, market.taker_fee, market.minimum_notional) == (
        Decimal("0.0005"),
        Decimal("0.0015"),
        10,
    )
    assert history_of(market) == [
        (
            "admin",
            "Minimum notional from 5 to 10; Maker fee from 0.001 to 0.0005; "
            "Taker fee from 0.002 to 0.0015: new price list",
        )
    ]
    desk.sells("bob", "1", at="60000")
    desk.buys("alice", "1", at="60000")
    assert desk.fees("BTC") == "0.0015" and desk.fees("USDT") == "30"


WRONG_FEES = [
    {"maker_fee": "0.0005", "reason": " "},
    {"maker_fee": "0.2"},
    {"maker_fee": "-0.001"},
    {"maker_fee": "1e-3"},
    {"maker_fee": "NaN"},
    {"maker_fee": ""},
    {"taker_fee": "0.0000001"},
    {"minimum_notional": "-1"},
    {"minimum_notional": "9" * 19},
]


def test_wrong_fees_are_refused(office, market):
    before = (market.maker_fee, market.taker_fee, market.minimum_notional)
    for edits in WRONG_FEES:
        answer = office.post(page("market_market_change", market.pk), fees(**{"reason": "x"} | edits))
        assert "Please correct" in text_of(answer), edits
    market.refresh_from_db()
    assert (market.maker_fee, market.taker_fee, market.minimum_notional) == before


def test_symbol_tick_lot_and_status_cannot_be_edited(office, market):
    edits = fees(maker_fee="0", reason="x", tick="1", lot="1", symbol="X-Y", status="halted", base="ETH")
    assert office.post(page("market_market_change", market.pk), edits).status_code == 302
    market.refresh_from_db()
    assert (market.symbol, market.status, market.base_id) == ("BTC-USDT", "open", "BTC")
    assert (market.tick, market.lot, market.maker_fee) == (Decimal("0.01"), Decimal("0.00001"), 0)


def test_saving_a_page_loaded_before_a_halt_does_not_open_the_market(office, market, monkeypatch):
    stale = Market.objects.get(pk=market.pk)
    office.post(status_page(market, "halted"), {"reason": "x"})
    monkeypatch.setattr(MarketAdmin, "get_object", lambda *args, **kwargs: stale)
    office.post(page("market_market_change", market.pk), fees(maker_fee="0", reason="x"))
    market.refresh_from_db()
    assert (market.status, market.maker_fee) == ("halted", 0)


def new_market(**edits):
    return {
        "base": "ETH",
        "quote": "DAI",
        "tick": "0.01",
        "lot": "0.001",
        "minimum_notional": "5",
        "maker_fee": "0.001",
        "taker_fee": "0.001",
        "status": "open",
    } | edits


def test_an_added_market_trades_at_once(office, desk):
    office.post(page("market_asset_add"), {"code": "DAI", "name": "Dai", "precision": "6"})
    assert office.post(page("market_market_add"), new_market()).status_code == 302
    market = Market.objects.get(symbol="ETH-DAI")
    assert BookState.objects.filter(market=market).exists()
    assert Account.objects.filter(name="fees:ETH-DAI", kind="fees").exists()
    assert desk.sells("alice", "1", at="2000", symbol="ETH-DAI").order.status == "open"


@pytest.mark.parametrize("status", ["halted", "auction"])
def test_an_added_market_can_begin_in_another_state(office, desk, status):
    office.post(page("market_asset_add"), {"code": "DAI", "name": "Dai", "precision": "6"})
    office.post(page("market_market_add"), new_market(status=status))
    market = Market.objects.get(symbol="ETH-DAI")
    placed = desk.sells("alice", "1", at="2000", symbol="ETH-DAI")
    assert placed == "MARKET_NOT_OPEN" if status == "halted" else placed.order.status == "open"
    assert broken_laws() == [], "the log alone says in which state it began"
    office.post(status_page(market, "open"), {"reason": "first day"})
    placed = desk.sells("alice", "1", at="2000", symbol="ETH-DAI")
    assert placed.order.status == "open"


WRONG_MARKETS = [
    ({"quote": "ETH"}, "A market needs two different assets."),
    ({"quote": "USDT"}, "ETH-USDT exists already."),
    ({"quote": "DOGE"}, "Select a valid choice"),
    ({"quote": ""}, "This field is required."),
    ({"base": ""}, "This field is required."),
    ({"tick": "0"}, "Must be from"),
    ({"tick": ""}, "This field is required."),
    ({"tick": "0.0000001"}, "tick x lot must be a multiple of"),
    ({"lot": "0.000000001", "tick": "1000"}, "lot is finer than ETH can be counted"),
    ({"lot": "-1"}, "Write a plain decimal number"),
    ({"maker_fee": "0.11"}, "Must be from 0 to 0.1."),
    ({"status": "burnt"}, "Select a valid choice"),
]


def test_a_market_whose_rules_do_not_fit_is_not_added(office, desk):
    Asset.objects.create(code="DAI", name="Dai", precision=6)
    for edits, sentence in WRONG_MARKETS:
        assert sentence in text_of(office.post(page("market_market_add"), new_market(**edits))), edits
    assert Market.objects.count() == 3


@pytest.mark.parametrize(
    "edits", [{"code": "dai"}, {"code": "D-I"}, {"code": "A" * 12}, {"code": "ДАИ"}, {"precision": "19"}]
)
def test_an_asset_is_not_added_with(office, db, edits):
    form = {"code": "DAI", "name": "Dai", "precision": "6"} | edits
    assert "Please correct" in text_of(office.post(page("market_asset_add"), form))
    assert not Asset.objects.exists()


def test_an_assets_name_may_change_its_code_and_precision_not(office, desk):
    form = {"code": "XBT", "name": "Bitcoin (BTC)", "precision": "2"}
    office.post(page("market_asset_change", "BTC"), form)
    asset = Asset.objects.get(code="BTC")
    assert (asset.name, asset.precision) == ("Bitcoin (BTC)", 8)
    assert not Asset.objects.filter(code="XBT").exists()


def test_neither_markets_nor_assets_are_deleted(office, market):
    assert office.post(page("market_market_delete", market.pk), {"post": "yes"}).status_code == 403
    assert office.post(page("market_asset_delete", "BTC"), {"post": "yes"}).status_code == 403
    assert "delete_selected" not in text_of(office.get(page("market_market_changelist")))


def test_prices_say_where_they_come_from(office, market):
    set_price("BTC-USDT", Decimal("60000.5"), "simulation")
    shown = text_of(office.get(page("market_price_changelist")))
    assert "60000.5" in shown and "local simulation" in shown
    assert office.post(page("market_price_change", market.pk), {"index": "1"}).status_code == 403
    assert office.get(page("market_price_add")).status_code == 403
