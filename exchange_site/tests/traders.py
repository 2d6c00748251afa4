"""Traders on the API who do all that can be done, as fast as they are answered.

A request whose outcome is unknown (no answer, or 503) is sent again until it is known, as a careful client
does: a new order under the same client order id. What they were told goes into a Record.
"""

import random
import threading
import time
from collections.abc import Callable
from typing import Any

import requests

from exchange_site.tests.random_requests import SYMBOLS, random_linked, random_order, random_price
from exchange_site.tests.record import Json, Record

PATIENCE_SECONDS = 120  # with one request, before the exchange is said not to come back
PAUSE_SECONDS = 0.1  # before a request is sent again
ANSWER_SECONDS = 60
LEGS = ("entry", "take_profit", "stop_loss")
REFUSALS = (409, 422)
MOST_SENT_REMEMBERED = 40
MOST_OPEN_REMEMBERED = 6  # to cancel or amend: older ones have mostly been filled

Address = Callable[[], str]  # of the exchange, which may move when it is started anew


class Connection:
    """A user's requests, each sent again until its outcome is known."""

    def __init__(self, address: Address, token: str, record: Record) -> None:
        self._address = address
        self._record = record
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {token}"
        self.attempts = 0  # of the newest request

    def settle(self, method: str, path: str, body: Json | None = None) -> requests.Response:
        deadline = time.monotonic() + PATIENCE_SECONDS
        self.attempts = 0
        while True:
            self.attempts += 1
            answer = self._try(method, path, body)
            if answer is not None:
                return answer
            if time.monotonic() > deadline:
                raise TimeoutError(f"the outcome of {method} {path} {body} did not become known")
            time.sleep(PAUSE_SECONDS)

    def _try(self, method: str, path: str, body: Json | None) -> requests.Response | None:
        """None if the outcome is unknown."""
        url = f"{self._address()}/api/v1/{path}"
        try:
            answer = self._session.request(method, url, json=body, timeout=ANSWER_SECONDS)
        except requests.RequestException:
            self._record.count("not answered")
            return None
        if not answer.ok and (answer.status_code not in (*REFUSALS, 503) or not _is_error(answer)):
            self._record.complain(f"{method} {path} {body}: {answer.status_code} {answer.text[:500]}")
        if answer.status_code == 503:
            self._record.count("unavailable")
            return None
        return answer


class Trader(threading.Thread):
    """`work` until told to stop; a fault of its own is a complaint in the record."""

    def __init__(self, name: str, connection: Connection, record: Record, chance: random.Random) -> None:
        super().__init__(name=name, daemon=True)
        self.record = record
        self.connection = connection
        self.chance = chance
        self.stopping = threading.Event()
        self._numbers = 0

    def run(self) -> None:
        try:
            while not self.stopping.is_set():
                self.work()
        except Exception as error:
            self.record.complain(f"{self.name}: {type(error).__name__}: {error}")

    def work(self) -> None:
        raise NotImplementedError

    def place(self, order: Json) -> Json | None:
        """The order as it stands; None if it was refused."""
        answer = self.connection.settle("POST", "orders", order)
        return self.note(order, answer.json() if answer.ok else None)

    def note(self, order: Json, placed: Json | None) -> Json | None:
        if placed is None:
            self.record.refusal(order["client_order_id"])
            self.record.count("refused")
            return None
        self.record.order(order["client_order_id"], placed)
        self.record.count("placed")
        return placed

    def name_order(self, order: Json) -> Json:
        self._numbers += 1
        return {"client_order_id": f"{self.name}-{self._numbers}"} | order


class BusyTrader(Trader):
    """Orders of every kind, linked ones, batches, amends, cancels, and now and then an order that was sent before."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._sent: list[Json] = []
        self._open: list[Json] = []  # as placed; meanwhile anything may have happened to them
        self._steps = (
            (self._place, 48), (self._place_linked, 8), (self._place_batch, 5), (self._cancel, 14),
            (self._amend, 14), (self._send_again, 9), (self._cancel_all, 2),
        )  # fmt: skip

    def work(self) -> None:
        steps, weights = zip(*self._steps, strict=True)
        self.chance.choices(steps, weights)[0]()

    def _place(self) -> None:
        order = self.name_order(random_order(self.chance))
        self._remember(order, self.place(order))

    def _place_linked(self) -> None:
        path, body = random_linked(self.chance)
        legs = [body[name] for name in LEGS if name in body]
        for leg in legs:
            leg.update(self.name_order(leg))
        answer = self.connection.settle("POST", path, body)
        placed = answer.json()["orders"] if answer.ok else [None] * len(legs)
        for leg, order in zip(legs, placed, strict=True):
            self.note(leg, order)
        if answer.ok:
            self.record.pairs.append((placed[-2]["id"], placed[-1]["id"]))
            self.record.count("linked")

    def _remember(self, order: Json, placed: Json | None) -> None:
        if placed is not None:
            self._sent = [*self._sent[1 - MOST_SENT_REMEMBERED :], order]
        if placed is not None and placed["status"] in ("open", "partially_filled"):
            self._open = [*self._open[1 - MOST_OPEN_REMEMBERED :], placed]

    def _place_batch(self) -> None:
        orders = [self.name_order(random_order(self.chance)) for _ in range(self.chance.randint(2, 12))]
        while True:
            results = self.connection.settle("POST", "orders/batch", {"orders": orders}).json()["results"]
            if not any(result.get("error", {}).get("code") == "UNAVAILABLE" for result in results):
                break
        for order, result in zip(orders, results, strict=True):
            self._remember(order, self.note(order, result.get("order")))

    def _send_again(self) -> None:
        if self._sent:
            order = self.chance.choice(self._sent)
            answer = self.connection.settle("POST", "orders", order)
            if answer.status_code != 200:
                self.record.complain(f"{order} sent again: {answer.status_code} {answer.text[:500]}")
            self.note(order, answer.json())
            self.record.count("sent again")

    def _cancel(self) -> None:
        if not self._open:
            return
        placed = self._open.pop(self.chance.randrange(len(self._open)))
        answer = self.connection.settle("DELETE", f"orders/{placed['id']}")
        if not answer.ok:
            self.record.ended.add(placed["id"])
            self.record.count("cancelled too late")
            return
        order = answer.json()
        if order["status"] != "cancelled":
            self.record.complain(f"a cancelled order was shown as {order}")
        self.record.order(placed["client_order_id"], order)
        self.record.count("cancelled")

    def _amend(self) -> None:
        if not self._open:
            return
        placed = self.chance.choice(self._open)
        change = {"quantity": f"{self.chance.randint(5, 25) / 1000:.3f}"}
        if self.chance.random() < 0.5:
            change["price"] = random_price(self.chance)
        answer = self.connection.settle("PATCH", f"orders/{placed['id']}", change)
        if answer.ok:
            self.record.order(placed["client_order_id"], answer.json())
            self.record.amended.setdefault(placed["id"], {}).update(change)
            self.record.count("amended")
        elif self.connection.attempts > 1:  # an earlier attempt may have been carried out
            self.record.amended.pop(placed["id"], None)

    def _cancel_all(self) -> None:
        answer = self.connection.settle("DELETE", f"orders?symbol={self.chance.choice(SYMBOLS)}")
        self.record.ended.update(answer.json()["cancelled"])
        self.record.count("all cancelled")


class SilentTrader(Trader):
    """Leaves orders behind with a dead man's switch, and waits until a worker has cancelled them all."""

    def work(self) -> None:
        placed = [
            self.place(self.name_order(random_order(self.chance))) for _ in range(self.chance.randint(3, 12))
        ]
        self.connection.settle("POST", "orders/cancel-after", {"timeout_ms": self.chance.randint(1, 400)})
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.connection.settle("GET", "orders?status=active&limit=1").json()["results"]:
            assert time.monotonic() < deadline, "the dead man's switch did not strike"
            time.sleep(PAUSE_SECONDS)
        self.record.ended.update(order["id"] for order in placed if order is not None)
        self.record.count("switch struck")


def _is_error(answer: requests.Response) -> bool:
    try:
        return set(answer.json()) == {"code", "message", "details"}
    except ValueError:
        return False
