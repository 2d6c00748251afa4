"""The page of key figures, in a real browser: for staff, and as the API tells them."""

import subprocess

import pytest
from django.core.management import call_command
from django.db import connection
from playwright.sync_api import Browser, Page, expect

from exchange_site.local import programs
from exchange_site.tests.browser import LiveExchange
from exchange_site.tests.test_page_looks import WIDTHS, width_at
from exchange_site.tests.trading_page import limit_order, sign_in
from kpi.tests.counting import Process, counted


@pytest.fixture
def figures(live_exchange: LiveExchange) -> LiveExchange:
    """An exchange where something was traded, asked and refused; all of it is counted."""
    live_exchange.call("POST", "orders", "alice", **limit_order("sell", "0.2", "50000"))
    live_exchange.call("POST", "orders", "bob", **limit_order("buy", "0.1", "50000"))
    live_exchange.call("POST", "orders", "bob", **limit_order("buy", "0.1", "49000"))
    process = Process().answers(1200, seconds=0.020).answers(300, status=404, code="NOT_FOUND", seconds=0.002)
    counted(process)
    call_command("roll_up_kpis", verbosity=0)
    connection.close()
    return live_exchange


def figure(page: Page, name: str):
    return page.locator(f'[role="tabpanel"]:not([hidden]) [data-figure="{name}"]')


def test_staff_see_the_figures_and_nobody_else(figures: LiveExchange, page: Page):
    page.goto("/kpi")
    expect(page.locator("#kpi-refused")).to_have_text("These figures are for staff. Sign in to see them.")
    expect(page.locator("#kpi-body")).to_be_hidden()
    sign_in(page, "alice")
    expect(page.locator("#kpi-refused")).to_have_text("These figures are for staff.")
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, "admin")
    expect(page.locator("#kpi-state")).to_have_text("Live")
    expect(page.locator("#kpi-refused")).to_be_hidden()
    expect(figure(page, "errors")).not_to_have_text("–")


def test_the_way_there_is_shown_to_staff_alone(figures: LiveExchange, page: Page):
    page.goto("/")
    way = page.get_by_role("link", name="Key figures")
    expect(way).to_be_hidden()
    sign_in(page, "alice")
    expect(page.get_by_role("link", name="Security", exact=True)).to_be_visible()
    expect(way).to_be_hidden()
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, "admin")
    way.click()
    expect(page.locator("#kpi-state")).to_have_text("Live")
    expect(way).to_have_attribute("aria-current", "page")


def test_each_section_tells_what_the_api_tells(figures: LiveExchange, page: Page):
    page.goto("/kpi#trading-24h")
    sign_in(page, "admin")
    expect(page.get_by_role("tab", name="Trading")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("button", name="24h")).to_have_attribute("aria-pressed", "true")
    for name, text in (("orders", "3"), ("trades", "1"), ("volume", "5.00K"), ("fill_ratio", "100%")):
        expect(figure(page, name)).to_have_text(text)
    row = page.locator('[data-rows="markets"] tr', has_text="BTC-USDT")
    expect(row).to_contain_text("5.00K USDT")
    expect(row).to_contain_text("1000")
    page.get_by_role("tab", name="Security").click()
    expect(figure(page, "suspended_users")).to_have_text("0")
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="1h").click()
    told = figures.call("GET", "kpi/system", "admin")
    expect(page.locator('[data-rows="codes"] tr').first).to_contain_text("NOT_FOUND")
    expect(figure(page, "p50")).to_contain_text("ms")
    assert told["requests"] >= 1500
    expect(page.locator('[data-chart="requests"] rect.bar').first).to_be_attached()
    expect(page.locator('[data-chart="latency"] :is(path, circle)').first).to_be_attached()
    page.reload()
    expect(page.get_by_role("tab", name="System")).to_have_attribute("aria-selected", "true")


def test_the_figures_refresh(figures: LiveExchange, page: Page):
    page.goto("/kpi#trading-1h")
    sign_in(page, "admin")
    expect(figure(page, "orders")).to_have_text("3")
    figures.call("POST", "orders", "bob", **limit_order("buy", "0.1", "48000"))
    environment = figures.environment | {"STATIC_ROOT": "elsewhere"}
    roll_up = programs.manage("roll_up_kpis")
    subprocess.run(roll_up, env=environment, cwd=programs.CHECKOUT, check=True, capture_output=True)
    expect(figure(page, "orders")).to_have_text("4", timeout=20_000)


def test_what_was_never_counted_does_not_look_live(live_exchange: LiveExchange, page: Page):
    page.goto("/kpi")
    sign_in(page, "admin")
    expect(page.locator("#kpi-state")).to_have_text("Never counted: is a worker running?")
    expect(figure(page, "requests")).to_have_text("0")
    expect(page.locator("#main")).to_have_attribute("data-state", "stale")


def test_who_is_signed_in_at_the_admin_sees_them_too(figures: LiveExchange, browser: Browser):
    tab = browser.new_page(base_url=figures.url)  # the admin's own files are not there in this exchange
    tab.goto("/admin/login/?next=/kpi")
    tab.get_by_label("Username").fill("admin")
    tab.get_by_label("Password").fill("demo-pass-1")
    tab.get_by_role("button", name="Log in").click()
    expect(tab.locator("#kpi-state")).to_have_text("Live")
    expect(figure(tab, "requests")).not_to_have_text("–")


def test_no_section_is_wider_than_a_small_screen(figures: LiveExchange, page: Page):
    page.goto("/kpi")
    sign_in(page, "admin")
    for name in ("System", "Trading", "Security"):
        page.get_by_role("tab", name=name).click()
        expect(page.locator(".chart-frame:visible svg text").first).to_be_attached()
        for width in WIDTHS:
            assert width_at(page, width) <= width, (name, width)
