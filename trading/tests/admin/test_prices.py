"""The prices page: staff set a simulated price, with a reason."""

from decimal import Decimal

import pytest

from market.models import Market, Price
from trading import services
from trading.services import refresh_prices
from trading.tests.admin.office import history_of, page, refused, text_of, told

REASON = "a lesson about margin"


@pytest.fixture
def btc(transactional_db, settings):
    settings.PRICE_FEED = "simulation"
    services.make_first_markets()
    refresh_prices()
    return Market.objects.get(symbol="BTC-USDT")


def move(browser, market, price, reason=REASON, **options):
    form = {"price": price, "reason": reason}
    return browser.post(page("market_price_move", market.pk), form, **options)


def prices():
    return {price.market.symbol: price.index for price in Price.objects.select_related("market")}


def test_a_price_is_set_and_its_perpetual_marked_at_once(office, btc):
    assert f'href="{page("market_price_move", btc.pk)}"' in text_of(
        office.get(page("market_price_changelist"))
    )
    assert text_of(office.get(page("market_price_changelist"))).count("Set price") == 2  # not of what follows
    shown = text_of(office.get(page("market_price_move", btc.pk)))
    assert "Marked at once: BTC-PERP" in shown and "local simulation" in shown
    answer = move(office, btc, "54000", follow=True)
    assert told(answer) == ["BTC-USDT is at 54000 now."]
    assert (prices()["BTC-USDT"], prices()["BTC-PERP"]) == (54000, 54000)
    assert history_of(btc) == [("admin", f"Price set to 54000: {REASON}")]


def test_looking_at_the_form_changes_nothing(office, btc):
    before = prices()
    office.get(page("market_price_move", btc.pk))
    assert refused(move(office, btc, "54000", reason=""))
    assert prices() == before and history_of(btc) == []


@pytest.mark.parametrize("price", ["", "0", "-1", "1e5", "NaN", "54000.001", "9" * 19, "9" * 41])
def test_what_is_no_price_is_refused(office, btc, price):
    before = prices()
    assert refused(move(office, btc, price))
    assert prices() == before and history_of(btc) == []


@pytest.mark.parametrize(
    ("symbol", "why"),
    [
        ("BTC-PERP", "The price of BTC-PERP follows BTC-USDT: set that one."),
        ("ETH-BTC", "The price of ETH-BTC follows from ETH-USDT and BTC-USDT: set one of those."),
    ],
)
def test_what_follows_from_others_is_refused(office, btc, symbol, why):
    answer = move(office, Market.objects.get(symbol=symbol), "1")
    assert refused(answer) and why in answer.content.decode()


def test_real_prices_are_not_set(office, btc, settings):
    settings.DEMO, settings.PRICE_FEED = False, "auto"
    assert "Set price" not in text_of(office.get(page("market_price_changelist")))
    answer = move(office, btc, "54000")
    assert refused(answer) and "Prices come from outside here" in answer.content.decode()
    assert prices()["BTC-USDT"] != Decimal(54000)


def test_who_may_only_look_cannot_set(clerk, btc):
    browser = clerk("market.view_price")
    assert "Set price" not in text_of(browser.get(page("market_price_changelist")))
    assert browser.get(page("market_price_move", btc.pk)).status_code == 403
    assert move(browser, btc, "54000").status_code == 403
    assert prices()["BTC-USDT"] != Decimal(54000)


def test_a_market_without_a_price_has_no_page(office, btc):
    assert office.get(page("market_price_move", 10**6)).status_code == 404
