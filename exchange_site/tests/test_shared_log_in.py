"""Tabs of one browser that share a log-in: a refresh token presented twice would end it for all of them."""

from playwright.sync_api import Page, expect

from exchange_site.tests.test_security_page import open_page

STORED = "sessionStorage.getItem('bourse.session')"
REFRESH_TOKEN = f"JSON.parse({STORED}).refresh"
# Not awaited: so two tabs are at it together. Then `refreshed` is the outcome.
REFRESH = f"""() => {{
    window.refreshed = undefined;
    import("/static/js/session.js")
        .then(({{ session }}) => session.freshToken(JSON.parse({STORED}).access))
        .then(() => (window.refreshed = "done"), (error) => (window.refreshed = error.code));
}}"""


def duplicate(page: Page) -> Page:
    """As a browser does it: with a copy of what the tab has stored."""
    with page.expect_popup() as opened:
        page.evaluate("() => { window.open(location.href); }")
    expect(opened.value.locator("#factor-state")).to_have_text("Off")
    return opened.value


def outcome(page: Page) -> str:
    return page.wait_for_function("() => window.refreshed").json_value()


def test_two_tabs_that_refresh_at_once_both_go_on(page: Page):
    open_page(page)
    other = duplicate(page)
    before = page.evaluate(STORED)
    assert other.evaluate(STORED) == before
    for _ in range(5):
        page.evaluate(REFRESH)
        other.evaluate(REFRESH)
        assert [outcome(page), outcome(other)] == ["done", "done"]
        page.reload()
        expect(page.locator("#factor-state")).to_have_text("Off")
        assert page.evaluate(REFRESH_TOKEN) == other.evaluate(REFRESH_TOKEN)
    assert page.evaluate(STORED) != before


def test_a_tab_that_was_restored_with_old_tokens_ends_nobodys_log_in(page: Page):
    open_page(page)
    old = page.evaluate(STORED)
    page.evaluate(REFRESH)
    assert outcome(page) == "done"
    restored = page.context.new_page()
    restored.goto("/security")
    restored.evaluate("(old) => sessionStorage.setItem('bourse.session', old)", old)
    restored.evaluate(REFRESH)
    assert outcome(restored) == "INVALID_TOKEN"
    expect(restored.locator("#guards")).to_be_hidden()
    page.reload()
    expect(page.locator("#factor-state")).to_have_text("Off")
    page.evaluate(REFRESH)
    assert outcome(page) == "done"
