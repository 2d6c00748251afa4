"""What a person does on the trading page, and where things stand on it."""

from decimal import Decimal

from playwright.sync_api import Locator, Page, expect

from exchange_site.tests.browser import LiveExchange

MARKET = "/trade/BTC-USDT"


def sign_in(page: Page, username: str, password: str = "demo-pass-1") -> None:
    page.get_by_role("button", name="Sign in", exact=True).first.click()
    form = page.locator("#sign-in-form")
    form.get_by_label("User name").fill(username)
    form.get_by_label("Password").fill(password)
    form.locator("[type=submit]").click()


def open_market(page: Page, username: str | None = None) -> None:
    page.goto(MARKET)
    expect(page.locator("#connection")).to_have_text("Live")
    if username:
        sign_in(page, username)
        expect(page.locator("#username")).to_have_text(username)
        expect(page.locator('[data-asset="USDT"] [data-part="available"]')).not_to_have_text("–")


def fill_ticket(page: Page, side: str, quantity: str, price: str | None = None) -> None:
    page.locator("#ticket").get_by_text(side.capitalize(), exact=True).click()
    page.locator("#ticket").get_by_text("Limit" if price else "Market", exact=True).click()
    if price:
        page.get_by_label("Price", exact=True).fill(price)
    page.locator("#quantity").fill(quantity)


def place(page: Page, side: str, quantity: str, price: str | None = None) -> None:
    fill_ticket(page, side, quantity, price)
    page.locator("#submit").click()


def orders(page: Page) -> Locator:
    return page.locator("#orders tr")


def level(page: Page, side: str, price: str) -> Locator:
    return page.locator(f'#{side} .level[data-price="{price}"]')


def limit_order(side: str, quantity: str, price: str) -> dict[str, str]:
    return {"symbol": "BTC-USDT", "side": side, "type": "limit", "quantity": quantity, "price": price}


def expect_balances_of_the_api(page: Page, exchange: LiveExchange, username: str) -> None:
    """Each amount on the page equals what the API says, thousands separators aside."""
    for balance in exchange.call("GET", "account", username)["balances"]:
        row = page.locator(f'[data-asset="{balance["asset"]}"]')
        for part in ("available", "held"):
            expect(row.locator(f'[data-part="{part}"]')).to_have_text(f"{Decimal(balance[part]):,f}")
