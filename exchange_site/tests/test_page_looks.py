"""How the pages look and count, in a real browser."""

import random
from decimal import ROUND_HALF_UP, Decimal, localcontext

from playwright.sync_api import Page, expect

from common.money import format_decimal
from exchange_site.tests.browser import LiveExchange
from exchange_site.tests.trading_page import (
    MARKET,
    level,
    limit_order,
    open_market,
    orders,
    place,
)

WIDTHS = (320, 390, 768, 1024)  # in pixels


def test_no_page_is_wider_than_a_small_screen(page: Page, live_exchange: LiveExchange):
    live_exchange.call("POST", "orders", "bob", **limit_order("buy", "0.12345", "60000.12"))
    page.set_viewport_size({"width": 390, "height": 844})
    for path in ("/", "/trade/NO-SUCH"):
        page.goto(path)
        for width in WIDTHS:
            assert width_at(page, width) <= width, (path, width)
    open_market(page, "alice")
    place(page, "buy", "0.01", "50000")
    expect(orders(page)).to_have_count(1)
    for width in WIDTHS:
        assert width_at(page, width) <= width, width


def width_at(page: Page, width: int) -> int:
    """How wide the page is on a screen of that width."""
    page.set_viewport_size({"width": width, "height": 844})
    return int(page.evaluate("document.documentElement.scrollWidth"))


def test_the_overview_shows_what_the_ticker_says(page: Page, live_exchange: LiveExchange):
    live_exchange.call("POST", "orders", "alice", **limit_order("buy", "0.1", "60000"))
    live_exchange.call("POST", "orders", "bob", **limit_order("sell", "0.1", "60000"))
    page.goto("/")
    row = page.locator('[data-symbol="BTC-USDT"]')
    expect(row.locator('[data-value="last"]')).to_have_text("60,000.00")
    expect(row.locator('[data-value="volume"]')).to_have_text("0.1000 BTC")
    expect(page.locator('[data-symbol="ETH-BTC"] [data-value="last"]')).to_have_text("–")
    row.get_by_role("link").click()
    expect(page.locator("#source")).to_have_text("Simulation")


def test_the_theme_follows_the_system_until_it_is_chosen(page: Page):
    page.emulate_media(color_scheme="light")
    page.goto(MARKET)
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.get_by_role("button", name="Change between dark and light").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_the_keyboard_reaches_the_book_and_fills_the_price(page: Page, live_exchange: LiveExchange):
    for price in ("50000", "50001"):
        live_exchange.call("POST", "orders", "bob", **limit_order("buy", "0.01", price))
    open_market(page)
    level(page, "bids", "50001").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Price", exact=True)).to_have_value("50000")


def test_the_page_counts_exactly_as_python_does(page: Page):
    """decimal.js against Decimal, on numbers that a float cannot hold."""
    chance = random.Random(7)
    pairs = [[_number(chance), _number(chance)] for _ in range(300)]
    page.goto("/")
    answers = page.evaluate(
        """async (pairs) => {
            const { Decimal } = await import("/static/js/decimal.js");
            return pairs.map(([a, b]) => {
                const [x, y] = [Decimal.parse(a), Decimal.parse(b)];
                return [x.plus(y), x.minus(y), x.times(y), x.floorTo(y)].map(String)
                    .concat(x.toFixed(2), x.compare(y), x.isMultipleOf(y));
            });
        }""",
        pairs,
    )
    with localcontext(prec=60):
        for (left, right), answer in zip(pairs, answers, strict=True):
            assert answer == _as_python_counts(Decimal(left), Decimal(right)), (left, right)


def _as_python_counts(a: Decimal, b: Decimal) -> list[str | int | bool]:
    exact = [format_decimal(each) for each in (a + b, a - b, a * b, a // b * b)]
    rounded = f"{a.quantize(Decimal('0.01'), ROUND_HALF_UP):f}"
    return [*exact, rounded, (a > b) - (a < b), a % b == 0]


def _number(chance: random.Random) -> str:
    """Positive, up to 9 digits before the point and 8 after it."""
    whole, decimals = chance.randrange(10 ** chance.randint(0, 9)), chance.randint(0, 8)
    fraction = f".{chance.randrange(10**decimals):0{decimals}}" if decimals else ""
    return f"{whole + 1}{fraction}"
