"""An exchange on the test database and a real browser to look at it, handed to the tests by conftest.py.

`live_exchange` starts the web, sockets and proxy processes; `browser` is Debian's Chromium, `page` a tab of it.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from exchange_site.local import programs
from exchange_site.local.data_folder import DataFolder
from exchange_site.tests.exchange import LiveExchange
from market.services import tick_prices

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# Chromium reports each answer of 400 and above as an error; a refused order is none.
REFUSAL_REPORT = "Failed to load resource: the server responded with a status of 4"


def environment_of(folder: DataFolder) -> dict[str, str]:
    """What the programs get: the test database, and the page's files as they stand in the checkout."""
    ours = {
        "DATABASE_URL": _database_url(),
        "REDIS_URL": settings.REDIS_URL,
        "SECRET_KEY": settings.SECRET_KEY,
        "BOURSE_DEMO": "1",
        "BOURSE_DATA_DIR": str(folder.path),
        "STATIC_ROOT": str(programs.CHECKOUT / "static"),
        "PRICE_FEED": "simulation",
        "RATE_LIMIT": "off",
        "TRUST_PROXY": "1",
    }
    return os.environ | ours


def _database_url() -> str:
    """The server that the tests were given, with the test database on it."""
    name = quote(str(connection.settings_dict["NAME"]), safe="")
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


@pytest.fixture
def live_exchange(transactional_db: None, tmp_path: Path) -> Iterator[LiveExchange]:
    """An exchange with the demo's markets and users, and no agents: nobody trades but the test."""
    call_command("seed", verbosity=0)
    tick_prices()
    connection.close()
    folder = DataFolder(tmp_path)
    exchange = LiveExchange(folder, environment_of(folder))
    with contextlib.ExitStack() as stack:
        stack.callback(exchange.stop_all)
        exchange.start("web", "sockets", "proxy")
        yield exchange


@pytest.fixture
def browser(live_exchange: LiveExchange) -> Iterator[Browser]:
    """Chromium. One per test: while Playwright runs, its event loop keeps Django's database from working."""
    if CHROMIUM is None:
        (pytest.fail if os.environ.get("EVERY_TEST") else pytest.skip)(
            "no chromium on the PATH: the browser test is skipped (apt-get install chromium)"
        )
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, live_exchange: LiveExchange) -> Iterator[Page]:
    """An empty tab of desktop size, at home on the exchange. At its end it must have met no error."""
    context = browser.new_context(base_url=live_exchange.url, viewport={"width": 1440, "height": 900})
    tab = context.new_page()
    with no_errors(tab):
        yield tab
    context.close()


@contextlib.contextmanager
def no_errors(tab: Page) -> Iterator[None]:
    """Fails if the page threw, or wrote an error or a warning, meanwhile."""
    met: list[str] = []
    tab.on("pageerror", lambda error: met.append(f"thrown: {error}"))
    tab.on("console", lambda message: _note(message, met))
    yield
    assert not met, "\n".join(met)


def _note(message: ConsoleMessage, met: list[str]) -> None:
    if message.type in ("error", "warning") and not message.text.startswith(REFUSAL_REPORT):
        met.append(f"{message.type}: {message.text} {message.location}")
