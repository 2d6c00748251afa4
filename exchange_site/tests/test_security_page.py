"""What guards an account, on the page, in a real browser."""

import requests
from playwright.sync_api import Page, expect

from accounts.tests.authenticator import App
from exchange_site.tests.browser import LiveExchange
from exchange_site.tests.exchange import PASSWORD
from exchange_site.tests.test_page_looks import WIDTHS, width_at
from exchange_site.tests.trading_page import sign_in


def open_page(page: Page, username: str = "alice") -> None:
    page.goto("/security")
    sign_in(page, username)
    expect(page.locator("#factor-state")).to_have_text("Off")


def set_up(page: Page) -> tuple[App, list[str]]:
    """The app, and the recovery codes as the page shows them."""
    page.locator("#enrol-password").fill(PASSWORD)
    page.get_by_role("button", name="Set up").click()
    expect(page.locator("#qr svg")).to_be_visible()
    app = App(page.locator("#secret").inner_text())
    page.locator("#confirm-otp").fill(app.code())
    page.get_by_role("button", name="Turn on").click()
    expect(page.locator("#factor-state")).to_have_text("On")
    expect(page.locator("#code-list li")).to_have_count(10)
    return app, page.locator("#code-list li").all_inner_texts()


def knock(exchange: LiveExchange, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{exchange.url}/api/v1/api-keys", headers=headers, timeout=10).status_code


def test_alice_sets_up_a_second_factor_signs_in_with_it_and_turns_it_off(page: Page):
    open_page(page)
    page.locator("#enrol-password").fill("wrong")
    page.get_by_role("button", name="Set up").click()
    expect(page.locator("#enrol-password-error")).to_have_text("This is not your password.")
    app, codes = set_up(page)
    page.get_by_role("button", name="I have kept them").click()
    expect(page.locator("#factor-text")).to_contain_text("10 recovery codes are left")

    page.get_by_role("button", name="Sign out", exact=True).first.click()
    expect(page.locator("#guards")).to_be_hidden()
    expect(page.locator("#code-list li")).to_have_count(0)
    sign_in(page, "alice")
    expect(page.locator("#login-otp")).to_be_focused()
    page.locator("#login-otp").fill(app.wrong_code())
    page.locator("#sign-in-form [type=submit]").click()
    expect(page.locator("#login-otp-error")).to_contain_text("This code is wrong")
    page.locator("#login-otp").fill(codes[0])
    page.locator("#sign-in-form [type=submit]").click()
    expect(page.locator("#factor-text")).to_contain_text("9 recovery codes are left")

    page.get_by_role("button", name="Turn off").click()
    page.locator("#confirmation-password").fill(PASSWORD)
    page.get_by_role("button", name="Turn it off").click()
    expect(page.locator("#confirmation-otp-error")).to_contain_text("one-time code")
    page.locator("#confirmation-otp").fill(codes[1])
    page.get_by_role("button", name="Turn it off").click()
    expect(page.locator("#factor-state")).to_have_text("Off")


def test_recovery_codes_are_renewed(page: Page):
    open_page(page)
    _, codes = set_up(page)
    page.get_by_role("button", name="New recovery codes").click()
    page.locator("#confirmation-password").fill(PASSWORD)
    page.locator("#confirmation-otp").fill(codes[3])
    page.get_by_role("button", name="Show new codes").click()
    expect(page.locator("#code-list li").first).not_to_have_text(codes[0])
    expect(page.locator("#code-list li")).to_have_count(10)


def test_a_session_is_seen_and_signed_out(page: Page, live_exchange: LiveExchange):
    elsewhere, further = live_exchange.token("alice"), live_exchange.token("alice")
    open_page(page)
    expect(page.locator("#sessions tr")).to_have_count(3)
    expect(page.locator("#sessions tr").first).to_contain_text("Chrome on Linux")
    expect(page.locator("#sessions tr").first).to_contain_text("This one")
    page.locator("#sessions tr").nth(1).get_by_role("button").click()
    expect(page.locator("#sessions tr")).to_have_count(2)
    assert (knock(live_exchange, elsewhere), knock(live_exchange, further)) == (200, 401)
    page.get_by_role("button", name="Sign out all others").click()
    expect(page.locator("#sessions tr")).to_have_count(1)
    assert knock(live_exchange, elsewhere) == 401
    page.locator("#sessions tr").get_by_role("button").click()
    expect(page.locator("#guards")).to_be_hidden()


def test_a_page_whose_session_was_ended_elsewhere_says_so(page: Page, live_exchange: LiveExchange):
    open_page(page)
    live_exchange.call("DELETE", "auth/sessions", "alice")
    page.get_by_role("button", name="New key").click()
    page.get_by_role("button", name="Make the key").click()
    expect(page.locator("#notices").get_by_text("Your session has ended.")).to_be_visible()
    expect(page.locator("#guards")).to_be_hidden()


def test_a_key_is_made_used_and_revoked(page: Page, live_exchange: LiveExchange):
    open_page(page)
    expect(page.locator("#keys tr")).to_have_count(1)
    page.get_by_role("button", name="New key").click()
    page.locator("#key-name").fill("my bot")
    page.locator("#key-form").get_by_label("withdraw").check()
    page.get_by_role("button", name="Make the key").click()
    expect(page.locator("#key-form [data-error-for]")).to_contain_text("second factor")
    page.locator("#key-form").get_by_label("withdraw").uncheck()
    page.locator("#key-addresses").fill("127.0.0.1, here")
    page.get_by_role("button", name="Make the key").click()
    expect(page.locator("#key-addresses-error")).to_contain_text("is not an IP address")
    page.locator("#key-addresses").fill("127.0.0.1, 10.0.0.0/8")
    page.locator("#key-expiry").select_option("30")
    page.get_by_role("button", name="Make the key").click()
    expect(page.locator("#made-key")).to_be_visible()
    key = page.locator("#made-key-key").inner_text()
    expect(page.locator("#keys tr").first).to_contain_text("127.0.0.1, 10.0.0.0/8")
    tokens = live_exchange.call("POST", "auth/token", api_key=key)
    assert knock(live_exchange, tokens["access"]) == 200
    page.get_by_role("button", name="I have kept them").last.click()
    expect(page.locator("#made-key-key")).to_have_text("")

    page.get_by_role("button", name="Revoke my bot").click()
    page.get_by_text("Really revoke").click()
    expect(page.locator("#keys tr")).to_have_count(1)
    assert knock(live_exchange, tokens["access"]) == 401


def test_a_key_that_withdraws_is_made_with_a_code(page: Page):
    open_page(page)
    _, codes = set_up(page)
    page.get_by_role("button", name="New key").click()
    page.locator("#key-form").get_by_label("withdraw").check()
    page.get_by_role("button", name="Make the key").click()
    expect(page.locator("#key-otp-error")).to_contain_text("one-time code")
    page.locator("#key-otp").fill(codes[0])
    page.get_by_role("button", name="Make the key").click()
    expect(page.locator("#keys tr").first).to_contain_text("read, withdraw")


def test_a_new_password_signs_out_everywhere_else(page: Page, live_exchange: LiveExchange):
    elsewhere = live_exchange.token("alice")
    open_page(page)
    page.locator("#current-password").fill("wrong")
    page.locator("#new-password").fill("another-tulip-of-1637")
    page.get_by_role("button", name="Change password").click()
    expect(page.locator("#current-password-error")).to_have_text("This is not your password.")
    page.locator("#current-password").fill(PASSWORD)
    page.locator("#new-password").fill("short")
    page.get_by_role("button", name="Change password").click()
    expect(page.locator("#new-password-error")).to_contain_text("too short")
    page.locator("#new-password").fill("another-tulip-of-1637")
    page.get_by_role("button", name="Change password").click()
    expect(page.locator("#sessions tr")).to_have_count(1)
    assert knock(live_exchange, elsewhere) == 401
    page.reload()
    expect(page.locator("#sessions tr")).to_have_count(1)


def test_it_is_not_wider_than_a_small_screen(page: Page):
    open_page(page)
    set_up(page)
    page.get_by_role("button", name="New key").click()
    for width in WIDTHS:
        assert width_at(page, width) <= width, width
