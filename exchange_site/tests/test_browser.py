"""Trading on the page in a real browser, on a real exchange."""

import json
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, WebSocketRoute, expect

from exchange_site.tests.browser import LiveExchange
from exchange_site.tests.trading_page import (
    expect_balances_of_the_api,
    level,
    limit_order,
    open_market,
    orders,
    place,
    sign_in,
)

# ---- Trading --------------------------------------------------------------------------------------------


def test_alice_bids_bob_hits_her_and_she_cancels_the_rest(page: Page, live_exchange: LiveExchange):
    open_market(page, "alice")
    page.locator("#faucet").click()
    expect(page.get_by_text("Test funds were added")).to_be_visible()
    expect_balances_of_the_api(page, live_exchange, "alice")

    place(page, "buy", "0.5", "60000")
    expect(orders(page)).to_have_count(1)
    expect(orders(page)).to_contain_text("60,000.00")
    expect(level(page, "bids", "60000")).to_have_text("60,000.000.500000.50000")
    expect(level(page, "bids", "60000")).to_have_attribute("data-own", "")
    expect_balances_of_the_api(page, live_exchange, "alice")

    live_exchange.call("POST", "orders", "bob", **limit_order("sell", "0.2", "60000"))
    expect(page.get_by_text("Bought 0.2 BTC at 60,000.")).to_be_visible()
    expect(orders(page).locator("td").nth(6)).to_have_text("0.20000")
    expect(level(page, "bids", "60000").locator("span").nth(1)).to_have_text("0.30000")
    expect(page.locator("#last")).to_have_text("60,000.00")
    expect(page).to_have_title("60,000.00 BTC-USDT · Bourse")
    expect(page.locator("#tape .print").first).to_contain_text("0.20000")
    expect_balances_of_the_api(page, live_exchange, "alice")

    page.get_by_role("tab", name="Fills").click()
    [fill] = live_exchange.call("GET", "fills", "alice")["results"]
    expect(page.locator("#fills tr")).to_have_count(1)
    expect(page.locator("#fills tr")).to_contain_text(f"{fill['fee']} {fill['fee_asset']}")

    page.get_by_role("tab", name="Open orders").click()
    page.get_by_role("button", name="Cancel: buy").click()
    expect(orders(page)).to_have_count(0)
    expect(level(page, "bids", "60000")).to_have_count(0)
    expect_balances_of_the_api(page, live_exchange, "alice")
    assert live_exchange.call("GET", "orders?status=open", "alice")["results"] == []


def test_a_market_buy_by_cost_takes_the_book_that_a_click_fills_the_price_from(
    page: Page, live_exchange: LiveExchange
):
    for price in ("60100", "60200"):
        live_exchange.call("POST", "orders", "bob", **limit_order("sell", "0.1", price))
    open_market(page, "alice")
    level(page, "asks", "60200").click()
    expect(page.get_by_label("Price", exact=True)).to_have_value("60200")

    page.locator("#ticket").get_by_text("Market", exact=True).click()
    page.get_by_label("Unit of the amount").select_option("quote")
    page.locator("#quantity").fill("9020")
    expect(page.locator("#estimate-cost")).to_have_text("9,020.00 USDT")
    page.locator("#submit").click()
    expect(page.get_by_text("Bought 0.15 BTC in 2 fills.")).to_be_visible()
    expect_balances_of_the_api(page, live_exchange, "alice")
    fills = live_exchange.call("GET", "fills", "alice")["results"]
    assert [(fill["price"], fill["quantity"]) for fill in fills] == [("60200", "0.05"), ("60100", "0.1")]


def test_cancel_all_leaves_nothing_in_the_book(page: Page, live_exchange: LiveExchange):
    open_market(page, "alice")
    for price in ("50000", "51000", "52000"):
        place(page, "buy", "0.01", price)
        expect(level(page, "bids", price)).to_have_count(1)
    page.get_by_role("button", name="Cancel all").click()
    expect(orders(page)).to_have_count(0)
    expect(page.locator("#bids .level[data-own]")).to_have_count(0)
    assert live_exchange.call("GET", "orderbook/BTC-USDT")["bids"] == []


def test_an_order_that_waits_for_its_price_is_shown_and_can_be_cancelled(
    page: Page, live_exchange: LiveExchange
):
    live_exchange.call("POST", "orders", "bob", **limit_order("sell", "0.1", "58000"))
    stop = limit_order("buy", "0.01", "58000") | {"type": "stop_limit", "trigger_price": "59000"}
    live_exchange.call("POST", "orders", "alice", **stop)
    open_market(page, "alice")
    expect(orders(page)).to_contain_text("Stop limit at 59,000.00")
    expect(level(page, "asks", "58000")).to_have_count(1)
    expect(level(page, "asks", "58000")).not_to_have_attribute("data-own", "")
    pair = {
        "take_profit": {"type": "limit", "price": "40000"},
        "stop_loss": {"type": "stop_market", "trigger_price": "61000"},
    }
    live_exchange.call("POST", "orders/oco", "alice", symbol="BTC-USDT", side="buy", quantity="0.01", **pair)
    expect(orders(page)).to_have_count(3)
    expect(level(page, "bids", "40000")).to_have_attribute("data-own", "")
    expect_balances_of_the_api(page, live_exchange, "alice")
    page.reload()
    expect(orders(page)).to_have_count(3)
    page.get_by_role("button", name="Cancel: buy 0.01 BTC-USDT at 40,000.00").click()
    expect(orders(page)).to_have_count(1)
    expect_balances_of_the_api(page, live_exchange, "alice")


# ---- Refusals -------------------------------------------------------------------------------------------


@pytest.fixture
def message(page: Page):
    """The error beside a field, or of the form as a whole."""

    def of(field: str) -> Locator:
        return page.locator(f"#{field}-error") if field else page.locator('#ticket [data-error-for=""]')

    return of


def test_refusals_stand_beside_their_field_in_plain_words(page: Page, live_exchange: LiveExchange, message):
    live_exchange.call("POST", "orders", "bob", **limit_order("sell", "0.1", "60000"))
    open_market(page, "alice")
    cases = [
        ("", "60000", "quantity", "Enter the quantity."),
        ("1,5", "60000", "quantity", "Enter a plain number such as 1234.5"),
        ("0", "60000", "quantity", "The quantity must be more than zero."),
        ("0.000001", "60000", "quantity", "The quantity must be a multiple of 0.00001."),
        ("1", "60000.001", "price", "The price must be a multiple of 0.01."),
        ("1", "1e5", "price", "Enter a plain number such as 1234.5"),
        ("0.00001", "60000", "quantity", "The order is too small: at least 5 USDT in value."),
        ("9999", "59000", "quantity", "Not enough USDT"),
    ]
    for quantity, price, field, text in cases:
        place(page, "buy", quantity, price)
        expect(message(field)).to_contain_text(text)
    expect(page.locator("#quantity")).to_have_attribute("aria-invalid", "true")

    page.get_by_text("Post-only").click()
    place(page, "buy", "0.01", "60000")
    expect(message("price")).to_have_text("This price would trade at once, which post-only does not allow.")
    assert live_exchange.call("GET", "orders", "alice")["results"] == []


def test_a_wrong_password_and_a_taken_name_are_told(page: Page, live_exchange: LiveExchange):
    page.goto("/")
    sign_in(page, "alice", "wrong-pass-1")
    expect(page.locator('#sign-in-form [data-error-for=""]')).to_have_text(
        "User name or password is not right."
    )
    page.get_by_role("button", name="Create an account").click()
    page.get_by_label("E-mail").fill("alice@example.com")
    page.get_by_label("Password").fill("a-fine-pass-7")
    page.locator("#sign-in-form [type=submit]").click()
    expect(page.locator("#sign-in-form")).to_contain_text("taken")
    page.get_by_label("User name").fill("dora")
    page.get_by_label("E-mail").fill("dora@example.com")
    page.locator("#sign-in-form [type=submit]").click()
    expect(page.locator("#session-line")).to_have_text("You are signed in as dora.")


# ---- Lines that break -----------------------------------------------------------------------------------


def test_a_lost_message_is_noticed_and_the_book_taken_anew(page: Page, live_exchange: LiveExchange):
    """One update is kept from the page: the next one does not follow on, so it asks for a snapshot."""
    lost: list[str] = []
    asked: list[dict[str, Any]] = []

    def lossy(line: WebSocketRoute) -> None:
        server = line.connect_to_server()
        server.on_message(lambda text: lost.append(text) if _drop(text, lost) else line.send(text))
        line.on_message(lambda text: (asked.append(json.loads(text)), server.send(text)))

    page.route_web_socket("**/ws/marketdata", lossy)
    open_market(page)
    for price in ("50000", "50001", "50002"):
        live_exchange.call("POST", "orders", "bob", **limit_order("buy", "0.01", price))
    for price in ("50000", "50001", "50002"):
        expect(level(page, "bids", price)).to_have_count(1)
    assert len(lost) == 1
    assert "resync" in [each["action"] for each in asked]
    expect(page.locator("#connection")).to_have_text("Live")


def _drop(text: str | bytes, lost: list[str]) -> bool:
    message = json.loads(text)
    return not lost and message.get("channel") == "book" and message.get("type") == "update"


def test_without_a_connection_nothing_looks_live_and_afterwards_all_is_read_again(
    browser: Browser, live_exchange: LiveExchange
):
    context = browser.new_context(base_url=live_exchange.url, viewport={"width": 1440, "height": 900})
    page = context.new_page()  # without the watch for errors: a failing WebSocket is one, and is meant here
    open_market(page, "alice")
    place(page, "buy", "0.5", "60000")
    expect(level(page, "bids", "60000")).to_have_count(1)

    live_exchange.stop("sockets")
    expect(page.locator("#connection")).to_have_text("No connection, trying again")
    expect(page.locator("#main")).to_have_attribute("data-state", "offline")
    expect(level(page, "bids", "60000")).to_have_count(0)
    live_exchange.call("POST", "orders", "bob", **limit_order("sell", "0.5", "60000"))

    live_exchange.start("sockets")
    expect(page.locator("#connection")).to_have_text("Live", timeout=20_000)
    expect(orders(page)).to_have_count(0, timeout=20_000)
    expect(page.locator("#last")).to_have_text("60,000.00")
    expect_balances_of_the_api(page, live_exchange, "alice")
    context.close()


def test_an_expired_token_is_refreshed_once_however_many_ask(page: Page, live_exchange: LiveExchange):
    open_market(page, "alice")
    refreshes: list[str] = []
    page.on("request", lambda request: refreshes.append(request.url) if "refresh" in request.url else None)
    answers = page.evaluate(
        """async () => {
            const { session } = await import("/static/js/session.js");
            const kept = JSON.parse(sessionStorage.getItem("bourse.session"));
            sessionStorage.setItem("bourse.session", JSON.stringify({ ...kept, expiresAt: 0 }));
            return Promise.all([1, 2, 3].map(() => session.request("GET", "account")));
        }"""
    )
    assert len(answers) == 3
    assert len(refreshes) == 1
    place(page, "buy", "0.01", "50000")
    expect(orders(page)).to_have_count(1)
