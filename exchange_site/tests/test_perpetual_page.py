"""Trading a perpetual on the page, in a real browser."""

from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from exchange_site.tests.browser import LiveExchange
from exchange_site.tests.trading_page import fill_ticket, place, sign_in

PERP = "BTC-PERP"


def contract_order(side: str, quantity: str, price: str) -> dict[str, Any]:
    return {"symbol": PERP, "side": side, "type": "limit", "quantity": quantity, "price": price}


@pytest.fixture
def price(live_exchange: LiveExchange) -> Decimal:
    """Of BTC-PERP, to the whole; bob sells 1 just above it and buys 1 just below."""
    live_exchange.call("POST", "market/tick", "admin")
    mark = Decimal(live_exchange.call("GET", f"market/price/{PERP}")["mark"]).quantize(Decimal(1))
    live_exchange.call("POST", "orders", "bob", **contract_order("sell", "1", str(mark + 10)))
    live_exchange.call("POST", "orders", "bob", **contract_order("buy", "1", str(mark - 10)))
    return mark


def open_contract(page: Page, username: str | None) -> None:
    page.goto(f"/trade/{PERP}")
    expect(page.locator("#connection")).to_have_text("Live")
    if username:
        sign_in(page, username)
        expect(page.locator("#available")).to_contain_text("USDT")


def test_alice_goes_long_sees_it_and_closes_it(page: Page, live_exchange: LiveExchange, price: Decimal):
    open_contract(page, "alice")
    expect(page.get_by_text("No open positions.")).to_be_visible()
    fill_ticket(page, "buy", "0.1", str(price + 10))
    expect(page.locator("#estimate-cost")).to_have_text(f"{(price + 10) / 10:,.2f} USDT")
    page.locator("#submit").click()
    row = page.locator("#positions tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("Long")
    expect(row).to_contain_text(f"{price + 10:,.1f}")
    expect(row).to_contain_text("5x cross")
    page.get_by_role("button", name="Close at the market").click()
    expect(row).to_have_count(0)
    assert live_exchange.call("GET", "positions", "alice")["results"] == []


def test_nobody_needs_bitcoin_to_sell(page: Page, live_exchange: LiveExchange, price: Decimal):
    open_contract(page, "alice")
    free = Decimal(live_exchange.call("GET", "account", "alice")["free_margin"])
    page.locator("#ticket").get_by_text("Sell", exact=True).click()
    expect(page.locator("#available")).to_have_text(f"{free:,f} USDT")
    page.get_by_label("Price", exact=True).fill(str(price + 5))
    page.get_by_role("button", name="100%").click()
    quantity = Decimal(page.locator("#quantity").input_value())
    assert quantity > free / price, "leverage counts"
    page.locator("#submit").click()
    expect(page.get_by_text("The order rests in the book.")).to_be_visible()
    [order] = live_exchange.call("GET", f"orders?symbol={PERP}&status=open", "alice")["results"]
    assert (order["side"], Decimal(order["quantity"])) == ("sell", quantity)


def test_leverage_is_chosen_and_too_much_is_refused(page: Page, live_exchange: LiveExchange, price: Decimal):
    open_contract(page, "alice")
    page.locator("#leverage").select_option("3")
    expect(page.get_by_text(f"Leverage in {PERP} is 3x now.")).to_be_visible()
    assert live_exchange.call("GET", f"leverage?symbol={PERP}", "alice")["leverage"] == 3
    page.locator("#leverage").select_option("10")
    expect(page.get_by_text("Your tier allows at most 5x.")).to_be_visible()
    expect(page.locator("#leverage")).to_have_value("3")


def test_a_reduce_only_order_without_a_position_is_refused_in_words(
    page: Page, live_exchange: LiveExchange, price: Decimal
):
    open_contract(page, "alice")
    page.locator("#reduce-only").check()
    place(page, "sell", "0.1", str(price + 5))
    expect(page.get_by_text("There is no position, or not as much of one")).to_be_visible()
    assert live_exchange.call("GET", f"orders?symbol={PERP}", "alice")["results"] == []


def test_it_fits_a_phone_and_spot_stays_as_it_was(page: Page, live_exchange: LiveExchange, price: Decimal):
    page.set_viewport_size({"width": 320, "height": 844})
    open_contract(page, "alice")
    place(page, "buy", "0.1", str(price + 10))
    expect(page.locator("#positions tr")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.goto("/trade/BTC-USDT")
    expect(page.locator("#connection")).to_have_text("Live")
    for part in ("#leverage", "#positions", "#reduce-only", "#tab-positions"):
        expect(page.locator(part)).to_have_count(0)
    page.locator("#ticket").get_by_text("Sell", exact=True).click()
    expect(page.locator("#available")).to_have_text("1 BTC")
