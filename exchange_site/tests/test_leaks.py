"""Secrets are put wherever a client can put them, in good times and in bad ones; then no log has any of them."""

import contextlib
import json
import re
import socket
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import requests
from celery import Celery
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from exchange_site.tests.exchange import PASSWORD, LiveExchange
from exchange_site.tests.own_servers import OwnServers

MARK = "Xq9mark"
PROGRAMS = ("web", "sockets", "worker", "proxy")


def secret(place: str) -> str:
    """One that tells where it was put, should it be found. With what has to be written in other ways in some places."""
    return f"{MARK}-{place}+/=ü"


def plain(place: str) -> str:
    """One that may stand in a header."""
    return f"{MARK}-{place}"


class Client:
    """Sends what a careless or a hostile client sends, and remembers the secrets that the exchange gave it."""

    def __init__(self, exchange: LiveExchange) -> None:
        self.url = exchange.url
        self.given: set[str] = set()
        self.statuses: set[int] = set()

    def send(self, method: str, path: str, **more) -> requests.Response:
        answer = requests.request(method, self.url + path, timeout=30, allow_redirects=False, **more)
        self.statuses.add(answer.status_code)
        return answer

    def post(self, path: str, body=None, **headers) -> requests.Response:
        return self.send("POST", path, json=body, headers=headers)

    def signs_in(self) -> dict[str, str]:
        answer = self.post("/api/v1/auth/token", {"username": "alice", "password": PASSWORD})
        if not answer.ok:
            return {}
        self.given |= {answer.json()["access"], answer.json()["refresh"]}
        return {"Authorization": f"Bearer {answer.json()['access']}"}

    def makes_a_key(self, bearer: dict[str, str]) -> None:
        made = self.post("/api/v1/api-keys", {"label": "bot", "scopes": ["read"]}, **bearer)
        if made.ok:
            self.given |= {made.json()["key"], made.json()["secret"]}
            self.post("/api/v1/auth/token", {"api_key": made.json()["key"]})
        enrolled = self.post("/api/v1/auth/two-factor/enrol", {"password": PASSWORD}, **bearer)
        if enrolled.ok:
            self.given |= {text for text in strings(enrolled.json()) if len(text) > 20 and "<" not in text}

    # ---- places ----

    def in_addresses(self) -> None:
        for front in ("/", "/api/v1/", "/api/v1/orders/client:", "/api/v1/orderbook/", "/api/v1/ticker/", "/trade/",
                      "/admin/", "/static/", "/api-auth/", "/metrics/"):  # fmt: skip
            self.send("GET", front + plain("path"))
            self.send("DELETE", front + requests.utils.quote(secret("path"), safe=""))
        for path in (
            "/",
            "/health",
            "/ready",
            "/api/v1/time",
            "/api/v1/orderbook/BTC-USDT",
            "/api/v1/orders",
        ):
            self.send(
                "GET", path, params={"token": secret("query"), secret("name"): "1", "depth": secret("depth")}
            )
            self.send("GET", f"{path}?{plain('bare')}")

    def in_headers(self, bearer: dict[str, str]) -> None:
        value = plain("header")
        for headers in (
            {"Authorization": f"Bearer {value}"}, {"Authorization": f"Basic {value}"}, {"Authorization": value},
            {"X-API-Key": value, "X-Timestamp": value, "X-Signature": value, "X-Recv-Window": value},
            {"Cookie": f"sessionid={value}; csrftoken={value}"}, {"Host": value}, {"Origin": f"http://{value}"},
            {"Referer": f"http://{value}/"}, {"User-Agent": value}, {"Accept": value}, {"Content-Type": value},
            {"X-Forwarded-For": value}, {"X-Real-IP": value}, {"X-Request-ID": f"{value} with spaces"},
        ):  # fmt: skip
            for method, path in (("GET", "/api/v1/account"), ("POST", "/api/v1/orders"), ("GET", "/admin/")):
                self.send(method, path, headers=bearer | headers)

    def in_bodies(self, bearer: dict[str, str]) -> None:
        value = secret("body")
        order = {"symbol": "BTC-USDT", "side": "buy", "type": "limit", "price": "30000", "quantity": "0.01"}
        for path, body in (
            ("auth/token", {"username": "alice", "password": value}),
            ("auth/token", {"username": value, "password": value}), ("auth/token", {"api_key": value}),
            ("auth/token", {"username": "alice", "password": PASSWORD, "otp": value}),
            ("auth/token/refresh", {"refresh": value}), ("auth/logout", {"refresh": value}),
            ("auth/register", {"username": plain("user"), "email": f"{MARK}@example.com", "password": value}),
            ("auth/register", {"username": value, "email": value, "password": value}),
            ("auth/password", {"current_password": value, "new_password": value}),
            ("auth/two-factor/enrol", {"password": value}), ("auth/two-factor/confirm", {"otp": value}),
            ("api-keys", {"label": value, "scopes": [value], "public_key": value}),
            ("orders", order | {"client_order_id": plain("order")}), ("orders", order | {"price": value}),
            ("orders", order | {value: value}), ("orders/batch", [order | {"client_order_id": value}, value]),
            ("orders/cancel-after", {"timeout_ms": value}), ("trades/", {"symbol": value}),
        ):  # fmt: skip
            self.post(f"/api/v1/{path}", body, **bearer)
        for raw in (
            f'{{"password": "{value}"',
            f'{{"price": {value}}}',
            f"password={value}",
            f"\xff{value}",
            f'"{value}"',
        ):
            for path in ("auth/token", "orders", "orders/batch"):
                headers = bearer | {"Content-Type": "application/json"}
                self.send("POST", f"/api/v1/{path}", data=raw.encode("latin-1"), headers=headers)
        for path in ("/admin/login/", "/api-auth/login/"):
            self.sends_a_form(path, value)

    def sends_a_form(self, path: str, value: str) -> None:
        """With and without the token that a form must carry."""
        fields = {"username": "admin", "password": value}
        self.send("POST", path, data=fields)
        session = requests.Session()
        with contextlib.suppress(KeyError):
            session.get(self.url + path, timeout=30)
            session.post(
                self.url + path,
                data=fields | {"csrfmiddlewaretoken": session.cookies["csrftoken"]},
                timeout=30,
            )
            self.given |= set(session.cookies.values())

    def in_no_http(self) -> None:
        place = urlsplit(self.url)
        for raw in (
            f"GET /{plain('raw')} HTTP/9.9\r\n\r\n",
            f"{plain('method')} / HTTP/1.1\r\nHost: x\r\n\r\n",
            f"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: {plain('long') * 5000}\r\n\r\n",
            f"GET /{plain('host')} HTTP/1.1\r\nHost: {plain('host')}\r\nHost: b\r\n\r\n",
            f"POST /api/v1/orders HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99\r\n\r\n{plain('torn')}",
        ):
            with socket.create_connection((place.hostname, place.port), timeout=30) as wire:
                wire.sendall(raw.encode())
                wire.settimeout(0.2)
                with contextlib.suppress(OSError):
                    wire.recv(1000)

    def in_sockets(self, bearer: dict[str, str]) -> None:
        value, url = secret("socket"), self.url.replace("http", "ws")
        token = bearer.get("Authorization", "").removeprefix("Bearer ")
        for path in (
            "/ws/user",
            f"/ws/user?token={plain('socket')}",
            f"/ws/{plain('socket')}",
            f"/ws/user/{plain('x')}",
        ):
            for headers in ({}, {"Origin": f"http://{plain('origin')}"}, {"Authorization": plain("socket")}):
                with (
                    contextlib.suppress(WebSocketException, OSError, TimeoutError),
                    connect(url + path, additional_headers=headers, open_timeout=20) as wire,
                ):
                    wire.send(json.dumps({"action": value}))
                    wire.send(f'{{"token": "{value}')
                    wire.send(json.dumps({"action": "authenticate", "token": token or value}))
                    wire.recv(5)
                    wire.send(json.dumps({"action": "authenticate", "token": value}))
                    wire.recv(5)

    def everywhere(self) -> None:
        bearer = self.signs_in()
        self.makes_a_key(bearer)
        self.in_addresses()
        self.in_headers(bearer)
        self.in_bodies(bearer)
        self.in_no_http()
        self.in_sockets(bearer)


def strings(value):
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from strings(each)
    elif isinstance(value, str):
        yield value


def send_tasks(own: OwnServers) -> None:
    """Tasks that nobody knows, and arguments that nobody asked for."""
    app = Celery(set_as_current=False)
    with app.connection_for_write(own.environment["REDIS_URL"]) as connection:
        for name in ("tests.unknown", "trading.tasks.sweep_markets"):
            app.send_task(
                name, [secret("task")], {"password": secret("task")}, connection=connection, retry=False
            )


def found(folder: Path, given: set[str]) -> list[str]:
    """Lines of any log with a secret in them; escapes of JSON and of addresses undone."""
    assert len(given) > 5
    wanted = re.compile("|".join([MARK, *(re.escape(text) for text in given)]))
    lines = []
    for log in sorted(folder.rglob("*")):
        if log.is_file():
            text = log.read_text(errors="replace")
            lines += [f"{log.name}: {line[:500]}" for line in text.splitlines() if wanted.search(line)]
    return lines


def test_no_secret_is_in_any_log(own: OwnServers, monkeypatch: pytest.MonkeyPatch) -> None:
    logs = own.folder.path / "logs"
    for name, value in (("LOG_LEVEL", "DEBUG"), ("REQUEST_LOG", str(logs / "requests.log"))):
        monkeypatch.setenv(name, value)
    exchange = own.start(*PROGRAMS)
    client = Client(exchange)

    client.everywhere()
    send_tasks(own)
    assert {200, 201, 400, 401, 403, 404} <= client.statuses

    break_tables(own)
    client.everywhere()
    assert 500 in client.statuses, "nothing failed on our side"

    own.environment["LOG_FORMAT"] = "json"
    exchange.stop("web", "sockets", "worker")
    client.in_addresses()  # nobody is behind the proxy
    exchange.start("web", "sockets", "worker")
    client.everywhere()
    send_tasks(own)
    own.kill_database()
    client.in_bodies(client.signs_in())
    client.in_sockets({})
    assert 503 in client.statuses

    assert found(logs, client.given) == []
    told = (logs / "web.log").read_text()
    assert "\nTraceback" in told and '"stack_trace":"Traceback' in told and "[concealed]" in told, (
        "nothing was logged"
    )
    entries = [json.loads(line) for line in (logs / "requests.log").read_text().splitlines()]
    assert {500, 503, 101} <= {entry["http"]["response"]["status_code"] for entry in entries}


def break_tables(own: OwnServers) -> None:
    """As if a migration had been forgotten: what needs these tables is a bug on our side."""
    with psycopg.connect(own.environment["DATABASE_URL"]) as connection:
        for table in ("accounts_user", "accounts_apikey", "trading_order", "django_session"):
            connection.execute(f"ALTER TABLE {table} RENAME TO {table}_gone")
