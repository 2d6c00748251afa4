"""A position in one contract: what fills and funding do to it. Pure.

Sizes are lots, negative when short; money is whole units of the quote asset. `cost` is price x size of what is
open, with the size's sign; it is kept whole and never divided, so that the average entry price is exact and the
profits of a position's life sum to exactly what went in and came out. When a part is closed, its share of the
cost is rounded against the owner, by less than a unit, and the rest of the position keeps the difference.
"""

from common.money import fee_units

FUNDING_SCALE = 10**8
FIELDS = (
    "size", "cost", "leverage", "is_isolated", "isolated_margin", "requirement", "exposure", "funding_index",
    "realised", "fees", "funding", "watch",
)  # fmt: skip


class Position:
    """realised, fees and funding: sums since the beginning (funding and fees: paid). funding_index: up to where
    funding is settled. watch: the mark price, in ticks, at which the account must be looked at; None without size.
    """

    __slots__ = FIELDS

    def __init__(
        self, leverage: int, is_isolated: bool = False, size: int = 0, cost: int = 0, isolated_margin: int = 0,
        requirement: int = 0, exposure: int = 0, funding_index: int = 0, realised: int = 0, fees: int = 0,
        funding: int = 0, watch: int | None = None,
    ) -> None:  # fmt: skip
        self.leverage = leverage
        self.is_isolated = is_isolated
        self.size = size
        self.cost = cost
        self.isolated_margin = isolated_margin
        self.requirement = requirement
        self.exposure = exposure
        self.funding_index = funding_index
        self.realised = realised
        self.fees = fees
        self.funding = funding
        self.watch = watch

    def copy(self) -> "Position":
        twin = Position.__new__(Position)
        for name in FIELDS:
            setattr(twin, name, getattr(self, name))
        return twin

    @property
    def notional(self) -> int:
        """At entry."""
        return abs(self.cost)

    def pending_funding(self, index: int) -> int:
        """What the position still owes for funding up to `index`; negative: is owed. Rounded up for who pays and
        down for who receives."""
        return -(-self.size * (index - self.funding_index) // FUNDING_SCALE)

    def settle_funding(self, index: int) -> int:
        """What the account pays now."""
        paid = self.pending_funding(index)
        self.funding_index = index
        self.funding += paid
        return paid

    def unrealised(self, price: int, step: int) -> int:
        """Profit if the position were closed at a price in ticks; step: quote units of a tick x lot."""
        return self.size * price * step - self.cost

    def value(self, price: int, step: int) -> int:
        """Notional at a price in ticks."""
        return abs(self.size) * price * step

    def fill(self, lots: int, per_lot: int, closing_fee_rate: int) -> tuple[int, int]:
        """Take `lots`, negative when sold, at `per_lot` units each. What is on the other side is closed first;
        a fill larger than the position closes it and opens the rest.

        Answers the realised profit and the change of the isolated margin. closing_fee_rate, in millionths: an
        isolated position keeps the fee to close back with its margin.
        """
        realised = freed = 0
        if self.size and (self.size > 0) != (lots > 0):
            closing = lots if abs(lots) <= abs(self.size) else -self.size
            realised, freed = self._close(closing, per_lot)
            lots -= closing
        if not lots:
            return realised, -freed
        if not self.size:
            assert self.cost == 0 and self.isolated_margin == 0
        self.size += lots
        self.cost += lots * per_lot
        bound = self._open_margin(abs(lots) * per_lot, closing_fee_rate) if self.is_isolated else 0
        self.isolated_margin += bound
        return realised, bound - freed

    def _close(self, lots: int, per_lot: int) -> tuple[int, int]:
        """Part or all of it; `lots` has the other sign."""
        share = abs(lots)
        released = -(
            self.cost * -share // abs(self.size)
        )  # up for a long, for a short towards a lower profit
        freed = self.isolated_margin * share // abs(self.size)
        realised = -lots * per_lot - released
        self.size += lots
        self.cost -= released
        if not self.size:
            freed = self.isolated_margin
        self.isolated_margin -= freed
        self.realised += realised
        return realised, freed

    def _open_margin(self, notional: int, closing_fee_rate: int) -> int:
        return initial_margin(notional, self.leverage) + fee_units(notional, closing_fee_rate)


def initial_margin(notional: int, leverage: int) -> int:
    """Rounded up."""
    return -(-notional // leverage)
