"""Which of our orders is which of the tape's; only while it is live, so that memory stays small."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from trading.matching_service.requests import Outcome, PlacedLinked, PlacedOrder


class OurOrder(NamedTuple):
    id: int
    account_id: int


class KnownOrders:
    """amended: our orders whose total a request of the batch in hand may change."""

    def __init__(self) -> None:
        self._by_name: dict[str, OurOrder] = {}
        self._names: dict[int, str] = {}
        self._to_come: dict[str, None] = {}
        self._asked: list[tuple[int, Sequence[str], int]] = []
        self.amended: set[int] = set()

    def will_be(self, index: int, names: Sequence[str], account_id: int) -> None:
        """The batch's request of that index places these orders."""
        self._asked.append((index, names, account_id))
        self._to_come.update(dict.fromkeys(names))

    def is_to_come(self, name: str) -> bool:
        return name in self._to_come

    def find(self, name: str) -> OurOrder | None:
        return self._by_name.get(name)

    def name_of(self, order_id: int) -> str:
        """Empty for an order that is none of the tape's."""
        return self._names.get(order_id, "")

    def learn(self, outcomes: Sequence[Outcome]) -> None:
        """What became of the batch."""
        for index, names, account_id in self._asked:
            outcome = outcomes[index]
            if isinstance(outcome, PlacedOrder):
                self._add(names[0], outcome, account_id)
            elif isinstance(outcome, PlacedLinked):
                for name, placed in zip(names, outcome.orders, strict=True):
                    self._add(name, placed, account_id)
        self._asked.clear()
        self._to_come.clear()
        self.amended.clear()

    def forget(self, order_ids: Iterable[int]) -> None:
        for order_id in order_ids:
            name = self._names.pop(order_id, None)
            known = None if name is None else self._by_name.get(name)
            if name is not None and known is not None and known.id == order_id:
                del self._by_name[name]

    def forget_all_but(self, order_ids: Collection[int]) -> None:
        self.forget([order_id for order_id in self._names if order_id not in order_ids])

    def _add(self, name: str, placed: PlacedOrder, account_id: int) -> None:
        self._by_name[name] = OurOrder(placed.order.id, account_id)
        self._names[placed.order.id] = name
