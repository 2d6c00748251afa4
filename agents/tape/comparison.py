"""Our trades beside the tape's, counted as they go: memory holds only those that differ so far."""

from collections import Counter
from collections.abc import Hashable
from decimal import Decimal


class Side:
    """Of the comparison: the tape's trades, or ours."""

    def __init__(self) -> None:
        self.trades = 0
        self.volume = Decimal(0)
        self.cost = Decimal(0)


class Comparison:
    """exact: by both orders, price and quantity. priced: by price and quantity alone."""

    def __init__(self) -> None:
        self.tape, self.ours = Side(), Side()
        self._exact: Counter[Hashable] = Counter()
        self._priced: Counter[Hashable] = Counter()
        self.names_orders = True  # whether the tape says between which orders its trades were

    def recorded(self, taker: str, maker: str, price: Decimal, quantity: Decimal) -> None:
        self.names_orders = self.names_orders and bool(taker and maker)
        self._add(self.tape, 1, (taker, maker, price, quantity))

    def made(self, taker: str, maker: str, price: Decimal, quantity: Decimal) -> None:
        self._add(self.ours, -1, (taker, maker, price, quantity))

    def equal_in_price_and_quantity(self) -> int:
        return self._matched(self._priced)

    def equal_in_all(self) -> int:
        return self._matched(self._exact)

    def _add(self, side: Side, sign: int, trade: tuple[str, str, Decimal, Decimal]) -> None:
        price, quantity = trade[2:]
        side.trades += 1
        side.volume += quantity
        side.cost += price * quantity
        for table, key in ((self._exact, trade), (self._priced, trade[2:])):
            table[key] += sign
            if not table[key]:
                del table[key]

    def _matched(self, table: Counter[Hashable]) -> int:
        return self.tape.trades - sum(count for count in table.values() if count > 0)
