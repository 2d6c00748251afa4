"""An exchange as servers run it: the containers' commands, settings and front door, with money that somebody gave."""

import json
import ssl

import pytest
import requests
from websockets.sync.client import connect

from exchange_site.tests.operations.containers import Containers, containers, token

__all__ = ["containers", "token"]


def test_it_trades_through_tls_alone_and_has_nothing_of_a_demo(containers: Containers, token: str) -> None:
    an_order_through_tls_is_told_on_a_socket_through_tls(containers, token)
    nothing_of_a_demo_is_there(containers, token)
    what_answers_is_sealed(containers)
    assert [containers.do("check", role) for role in ("web", "sockets", "worker", "beat")] == [""] * 4
    assert containers.do("await-migrations") == ""
    assert "No violation" in containers.do("manage", "audit")


def an_order_through_tls_is_told_on_a_socket_through_tls(containers: Containers, token: str) -> None:
    trust = ssl.create_default_context(cafile=str(containers.door.certificate))
    host = f"localhost:{containers.door.https}"
    with connect(f"wss://{host}/ws/marketdata", ssl=trust, origin=f"https://{host}") as socket:
        socket.send(json.dumps({"action": "subscribe", "channels": ["book"], "symbol": "BTC-USDT"}))
        assert json.loads(socket.recv(20))["type"] == "subscribed"
        assert json.loads(socket.recv(20))["bids"] == []
        terms = {"symbol": "BTC-USDT", "side": "buy", "type": "limit", "price": "20000", "quantity": "0.01"}
        assert containers.call("POST", "orders", token, **terms)["status"] == "open"
        assert json.loads(socket.recv(20))["bids"] == [["20000", "0.01"]]


def nothing_of_a_demo_is_there(containers: Containers, token: str) -> None:
    for body in ({"username": "admin", "password": "demo-pass-1"}, {"api_key": "beginner-key"}):
        with pytest.raises(AssertionError, match="401"):
            containers.call("POST", "auth/token", **body)
    with pytest.raises(AssertionError, match="404"):
        containers.call("POST", "faucet", token)


def what_answers_is_sealed(containers: Containers) -> None:
    url, certificate = f"https://localhost:{containers.door.https}", str(containers.door.certificate)
    page = requests.get(f"{url}/admin/login/", verify=certificate, timeout=20)
    assert page.ok and "Secure" in page.headers["Set-Cookie"]
    assert "max-age=31536000" in page.headers["Strict-Transport-Security"]
    assert "nginx/" not in page.headers["Server"]
    assert requests.get(f"{url}/metrics", verify=certificate, timeout=20).status_code == 404
