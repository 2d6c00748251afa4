"""What traders were told, and how it is compared with what is there in the end."""

import threading
from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

import requests

from exchange_site.tests.exchange import LiveExchange

Json = dict[str, Any]

OPEN = ("new", "pending_trigger", "open", "partially_filled")
# What may still change of an order that is told of again: all else must stay as it was acknowledged.
MAY_CHANGE = {"fills", "updated_at"}


class Record:
    """Filled by many threads. Every outcome is in it: traders send again until they know."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self.told: dict[str, list[Json]] = defaultdict(list)  # order id: how it stood in each answer
        self.names: dict[str, str] = {}  # client order id: order id
        self.refused: set[str] = set()  # client order ids
        self.ended: set[str] = set()  # order ids, by a refusal that said so
        self.amended: dict[str, Json] = {}  # order id: the newest acknowledged price and quantity
        self.pairs: list[tuple[str, str]] = []  # order ids: one cancels the other
        self.wrong: list[str] = []
        self.counts: Counter[str] = Counter()

    def count(self, what: str) -> None:
        with self._mutex:
            self.counts[what] += 1

    def complain(self, text: str) -> None:
        with self._mutex:
            self.wrong.append(text)

    def order(self, client_order_id: str, order: Json) -> None:
        """An answer that shows an order. The same name always means the same order."""
        with self._mutex:
            first = self.names.setdefault(client_order_id, order["id"])
            if (order["client_order_id"], order["id"]) != (client_order_id, first):
                self.wrong.append(f"{client_order_id} is order {first}, and was answered with {order}")
            self.told[order["id"]].append(order)

    def refusal(self, client_order_id: str) -> None:
        with self._mutex:
            self.refused.add(client_order_id)


class Ends:
    """How everything stands in the end, read over the API."""

    def __init__(self, exchange: LiveExchange, tokens: dict[str, str]) -> None:
        self._exchange = exchange
        self.orders: dict[str, Json] = {}
        self.fills: dict[str, dict[int, Json]] = defaultdict(dict)  # order id: fill id: fill
        self.names: Counter[tuple[str, str]] = Counter()
        for user, token in tokens.items():
            for order in self.pages("orders", token):
                self.orders[order["id"]] = order
                self.names[user, order["client_order_id"]] += 1
            for fill in self.pages("fills", token):
                self.fills[fill["order_id"]][fill["id"]] = fill

    def pages(self, path: str, token: str = "", **query: str) -> list[Json]:
        """All results of a list, newest first."""
        found: list[Json] = []
        query |= {"limit": "1000"}
        while True:
            page = requests.get(
                f"{self._exchange.url}/api/v1/{path}",
                params=query,
                headers={"Authorization": f"Bearer {token}"} if token else {},
                timeout=60,
            ).json()
            found += page["results"]
            if page["next_cursor"] is None:
                return found
            query["cursor"] = page["next_cursor"]


def differences(record: Record, ends: Ends) -> list[str]:
    """Where what was told and what is there do not agree, in words; empty if all is well."""
    found = [*record.wrong, *_names(record, ends)]
    for order_id in record.told.keys() & ends.orders.keys():
        found += _of_order(record, ends, order_id)
    return found + [text for pair in record.pairs for text in _of_pair(ends, pair)]


def _names(record: Record, ends: Ends) -> list[str]:
    doubled = [f"{name} is there {times} times" for name, times in ends.names.items() if times > 1]
    lost = [f"order {each} was acknowledged and is lost" for each in record.told.keys() - ends.orders.keys()]
    ghosts = [f"nobody was told of {ends.orders[each]}" for each in ends.orders.keys() - record.told.keys()]
    there = {name for _, name in ends.names}
    refused = [f"{name} was refused and is there" for name in record.refused & there]
    return doubled + lost + ghosts + refused


def _of_order(record: Record, ends: Ends, order_id: str) -> list[str]:
    end, fills = ends.orders[order_id], ends.fills[order_id]
    found = [text for told in record.told[order_id] for text in _of_answer(told, end, fills)]
    if order_id in record.ended and end["status"] in OPEN:
        found.append(f"{end} was said to have ended")
    for name, value in record.amended.get(order_id, {}).items():
        if Decimal(end[name]) != Decimal(value):
            found.append(f"the amendment of {name} to {value} is lost: {end}")
    if end["expires_at"] and any(fill["time"] >= end["expires_at"] for fill in fills.values()):
        found.append(f"{end} was filled after its time: {fills}")
    if sum(Decimal(fill["quantity"]) for fill in fills.values()) != Decimal(end["filled_quantity"]):
        found.append(f"the fills of {end} do not sum to what is filled: {fills}")
    return found


def _of_pair(ends: Ends, pair: tuple[str, str]) -> list[str]:
    """When one has traded or ended, the other has ended too, without a fill."""
    lives = [ends.orders.get(each, {}).get("status") in OPEN for each in pair]
    filled = [bool(ends.fills[each]) for each in pair]
    for one, other in ((0, 1), (1, 0)):
        is_over = filled[one] or not lives[one]
        if (filled[one] and filled[other]) or (is_over and lives[other] and not filled[other]):
            return [f"one should have cancelled the other: {[ends.orders.get(each) for each in pair]}"]
    return []


def _of_answer(told: Json, end: Json, fills: dict[int, Json]) -> list[str]:
    """An order that had ended stays to the letter as it was; of one that lived, fills can only have come."""
    found = []
    if told["status"] not in OPEN:
        changed = {name for name in told.keys() - MAY_CHANGE if told[name] != end[name]}
        found += [f"{name} of ended order {told} became {end[name]}" for name in changed]
    if Decimal(told["filled_quantity"]) > Decimal(end["filled_quantity"]):
        found.append(f"fills of {told} are lost: {end}")
    for fill in told.get("fills", []):
        if fills.get(fill["id"]) != fill:
            found.append(f"fill {fill} was acknowledged, now it is {fills.get(fill['id'])}")
    return found
