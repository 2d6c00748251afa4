"""A whole exchange on one port of this machine, and a real browser to look at it.

`live_exchange` starts the web, sockets and proxy processes with the commands that `make demo` uses, against
the test database; `browser` is Debian's Chromium and `page` a tab of it. conftest.py hands them to the tests.
"""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import psutil
import pytest
import requests
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from exchange_site.local import processes, programs, proxy
from exchange_site.local.data_folder import DataFolder
from market.services import tick_prices

PASSWORD = "demo-pass-1"
PATIENCE_SECONDS = 30
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


class LiveExchange:
    """The processes of one exchange, and its API for the test's own use."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._environment = _environment(folder)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        port, web, sockets = (processes.free_port() for _ in range(3))
        self.url = f"http://127.0.0.1:{port}"
        self._ports = {"web": web, "sockets": sockets, "proxy": port}
        proxy.configure(folder, "127.0.0.1", port, web, sockets)
        self._commands = programs.commands(folder, self._environment, web, sockets)

    def start(self, *names: str) -> None:
        """Start these programs and wait until they listen."""
        for name in names:
            self._processes[name] = self._launch(name)
        for name in names:
            self._await_port(name)

    def stop(self, *names: str) -> None:
        """Stop these programs and their children."""
        stopping = [
            psutil.Process(self._processes.pop(name).pid) for name in names if name in self._processes
        ]
        children = [child for each in stopping for child in each.children(recursive=True)]
        processes.stop_all(stopping, patience_seconds=5)
        processes.stop_all(children, patience_seconds=1)

    def stop_all(self) -> None:
        self.stop(*list(self._processes))

    def call(self, method: str, path: str, user: str | None = None, **body: Any) -> Any:
        """A request to the API as that user; answers the parsed body and fails the test on a refusal."""
        headers = {"Authorization": f"Bearer {self._token(user)}"} if user else {}
        answer = requests.request(
            method, f"{self.url}/api/v1/{path}", json=body or None, headers=headers, timeout=10
        )
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    def _token(self, user: str) -> str:
        return str(self.call("POST", "auth/token", username=user, password=PASSWORD)["access"])

    def _launch(self, name: str) -> subprocess.Popen[bytes]:
        with self._folder.log(name) as log:
            return subprocess.Popen(
                self._commands[name],
                cwd=programs.CHECKOUT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _await_port(self, name: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while processes.port_is_free("127.0.0.1", self._ports[name]):
            ended = self._processes[name].poll()
            if ended is not None or time.monotonic() > deadline:
                log = (self._folder.path / "logs" / f"{name}.log").read_text()[-3000:]
                pytest.fail(f"{name} does not listen (exit code {ended}):\n{log}")
            time.sleep(0.05)


def _environment(folder: DataFolder) -> dict[str, str]:
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
    if CHROMIUM is None:
        pytest.skip("no chromium on the PATH: the browser test is skipped (apt-get install chromium)")
    call_command("seed", verbosity=0)
    tick_prices()
    connection.close()
    exchange = LiveExchange(DataFolder(tmp_path))
    with contextlib.ExitStack() as stack:
        stack.callback(exchange.stop_all)
        exchange.start("web", "sockets", "proxy")
        yield exchange


@pytest.fixture
def browser(live_exchange: LiveExchange) -> Iterator[Browser]:
    """Chromium. One per test: while Playwright runs, its event loop keeps Django's database from working."""
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
