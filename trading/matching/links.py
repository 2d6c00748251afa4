"""Orders that hang together: pairs of which only one may come to something, and entries with their exits."""

from collections import OrderedDict, deque
from collections.abc import Iterable
from typing import NamedTuple

UNLINK = "unlink"
FIRE = "fire"
ENTRY_ENDED = "entry ended"
JUDGE_REDUCING = "judge reducing"


class Effect(NamedTuple):
    """What an event made necessary: to cancel an order's counterpart, to look after exits, to fire an order, or
    to see whether an account (its id is in `order_id`) still has what its reduce-only orders reduce."""

    kind: str
    order_id: int


class Entry(NamedTuple):
    """An order with exits that wait for its end: lots filled so far, and how many exits wait."""

    filled: int = 0
    exits: int = 0


class Links:
    """legs: group -> its live legs while they are bound; group_of: leg -> group; entries: by order id."""

    def __init__(self) -> None:
        self.legs: dict[int, tuple[int, ...]] = {}
        self.group_of: dict[int, int] = {}
        self.entries: dict[int, Entry] = {}

    def counterparts(self, order_id: int) -> list[int]:
        """The legs that end as soon as this one comes to something."""
        group = self.group_of.get(order_id)
        return [] if group is None else [leg for leg in self.legs[group] if leg != order_id]

    def in_words(self) -> str:
        """A leg without a counterpart is bound to nothing."""
        pairs = sorted((group, legs) for group, legs in self.legs.items() if len(legs) > 1)
        return f"|{pairs}|{sorted((key, *entry) for key, entry in self.entries.items())}"


class Effects:
    """What the events since the last command made necessary; empty between commands."""

    def __init__(self) -> None:
        self._unlinking: deque[int] = deque()
        self._ended_entries: set[int] = set()
        self._firing: OrderedDict[int, None] = OrderedDict()  # whose first is found at once
        self._reducing: set[int] = set()

    def unlink(self, order_ids: Iterable[int]) -> None:
        self._unlinking.extend(order_ids)

    def entry_ended(self, order_id: int) -> None:
        self._ended_entries.add(order_id)

    def fire(self, order_ids: Iterable[int]) -> None:
        """Each order fires once, however often its price comes by."""
        for order_id in order_ids:
            self._firing.setdefault(order_id)

    def judge_reducing(self, account_id: int) -> None:
        self._reducing.add(account_id)

    def stop_firing(self) -> None:
        self._firing.clear()

    def clear(self) -> None:
        self._unlinking.clear()
        self._ended_entries.clear()
        self._firing.clear()
        self._reducing.clear()

    def take(self) -> Effect | None:
        """Counterparts first: nobody may trade with one, and it must not fire. Then reduce-only orders, then exits,
        the older bracket's first. Firing last, in the order in which the prices were reached.
        """
        if self._unlinking:
            return Effect(UNLINK, self._unlinking.popleft())
        if self._reducing:
            account_id = min(self._reducing)
            self._reducing.remove(account_id)
            return Effect(JUDGE_REDUCING, account_id)
        if self._ended_entries:
            entry_id = min(self._ended_entries)
            self._ended_entries.remove(entry_id)
            return Effect(ENTRY_ENDED, entry_id)
        if self._firing:
            order_id, _ = self._firing.popitem(last=False)
            return Effect(FIRE, order_id)
        return None
