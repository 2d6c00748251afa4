"""Sockets are for our own pages and for programs."""

import pytest
from asgiref.testing import ApplicationCommunicator

from common.api.origins import RefuseForeignOrigin


async def accept(scope, receive, send):
    assert (await receive())["type"] == "websocket.connect"
    await send({"type": "websocket.accept"})


async def answer(*headers):
    scope = {"type": "websocket", "headers": [(name.encode(), value.encode()) for name, value in headers]}
    peer = ApplicationCommunicator(RefuseForeignOrigin(accept), scope)
    await peer.send_input({"type": "websocket.connect"})
    return (await peer.receive_output(1))["type"]


@pytest.fixture(autouse=True)
def our_hosts(settings):
    settings.ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", "bourse.example"]


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000"),
        ("http://LOCALHOST:8000", "localhost:8000"),
        ("https://bourse.example", "bourse.example"),
        ("https://bourse.example", "bourse.example:443"),
        ("http://bourse.example:80", "bourse.example"),
        ("http://[::1]:8000", "[::1]:8000"),
    ],
)
async def test_our_own_page_is_let_in(origin, host):
    assert await answer(("host", host), ("origin", origin)) == "websocket.accept"


async def test_a_program_without_an_origin_is_let_in():
    assert await answer(("host", "127.0.0.1:8000")) == "websocket.accept"


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://evil.example", "127.0.0.1:8000"),
        ("http://127.0.0.1:9000", "127.0.0.1:8000"),
        ("http://127.0.0.1", "127.0.0.1:8000"),
        ("http://localhost:8000", "127.0.0.1:8000"),
        ("http://127.0.0.1:8000.evil.example", "127.0.0.1:8000"),
        ("http://127.0.0.1:8000@evil.example", "127.0.0.1:8000"),
        ("http://127.0.0.1:99999", "127.0.0.1:8000"),
        ("https://bourse.example:80", "bourse.example"),
        ("file://127.0.0.1:8000", "127.0.0.1:8000"),
        ("null", "127.0.0.1:8000"),
        ("", "127.0.0.1:8000"),
        ("http://", "127.0.0.1:8000"),
        ("http://[::1", "[::1]:8000"),
        # A foreign name that points to this machine is its own origin, but no host of ours.
        ("http://rebound.evil.example:8000", "rebound.evil.example:8000"),
    ],
)
async def test_a_page_of_another_site_is_refused(origin, host):
    assert await answer(("host", host), ("origin", origin)) == "websocket.close"


async def test_two_origins_or_no_host_are_refused():
    own = ("origin", "http://127.0.0.1:8000")
    assert await answer(("host", "127.0.0.1:8000"), own, own) == "websocket.close"
    assert await answer(own) == "websocket.close"
