"""How an account stands: equity against maintenance margin, and what would have to be closed. Pure.

Amounts are whole units of the quote asset, prices ticks, sizes lots, rates millionths.
"""

from collections.abc import Sequence
from typing import NamedTuple

from common.money import fee_units
from risk.brackets import MILLION, Brackets

# Shares of the maintenance margin, as numerator and denominator.
WARN_AT = (5, 4)
RESTORE_TO = (11, 10)
FUND_GOES_ASIDE = 10_000  # millionths of the mark price
RECOVER_AT = (3, 2)  # further than the warning, so that nobody is warned again with every tick


class Terms(NamedTuple):
    """A contract's numbers. step: quote units of a tick x lot."""

    market_id: int
    step: int
    brackets: Brackets
    taker_fee: int
    liquidation_fee: int


class Holding(NamedTuple):
    """A position as it is judged, at a mark price. cost has the size's sign; funding: pending, to be paid."""

    terms: Terms
    size: int
    cost: int
    mark: int
    funding: int = 0

    @property
    def notional(self) -> int:
        return abs(self.size) * self.mark * self.terms.step

    @property
    def unrealised(self) -> int:
        return self.size * self.mark * self.terms.step - self.cost - self.funding

    @property
    def maintenance(self) -> int:
        return self.terms.brackets.maintenance(self.notional)


class Health(NamedTuple):
    """equity: cash and unrealised profit. cash: what the positions can lose of the balance."""

    cash: int
    holdings: Sequence[Holding]

    @property
    def equity(self) -> int:
        return self.cash + sum(each.unrealised for each in self.holdings)

    @property
    def maintenance(self) -> int:
        return sum(each.maintenance for each in self.holdings)

    @property
    def is_warning(self) -> bool:
        return bool(self.holdings) and self.equity * WARN_AT[1] < self.maintenance * WARN_AT[0]

    @property
    def has_recovered(self) -> bool:
        """Whether a warning is over."""
        return self.equity * RECOVER_AT[1] >= self.maintenance * RECOVER_AT[0]

    @property
    def must_liquidate(self) -> bool:
        return bool(self.holdings) and self.equity < self.maintenance

    def backing(self, holding: Holding) -> int:
        """What of the equity can pay for this position: profits of others that are not realised cannot."""
        others = sum(each.unrealised for each in self.holdings if each is not holding)
        return self.cash + holding.unrealised + min(0, others)

    def is_bankrupt(self, holding: Holding) -> bool:
        """Whether nothing stands behind the position that could pay for it, and it costs something."""
        return self.must_liquidate and holding.unrealised < 0 and self.backing(holding) <= 0

    def has_profits_beside(self, holding: Holding) -> bool:
        return any(each is not holding and each.unrealised > 0 for each in self.holdings)


def watch_price(health: Health, holding: Holding, is_warned: bool) -> int:
    """The mark price, in ticks, up to which nothing can happen to the account through this contract.

    What the account has above the level that matters is split evenly over its positions, so as long as none of
    them reaches its own watch price the account as a whole needs no look. The level is the warning's, and once
    that was given the maintenance margin. Rounded towards the mark: rather a look too early than one too late.
    An account that is below the level already is watched from where it would be above it again: it is looked at
    even if the mark has turned before anybody came.
    """
    level = (1, 1) if is_warned else WARN_AT
    slack = level[1] * health.equity - level[0] * health.maintenance
    return _price_with(holding, slack, len(health.holdings), level)


def _price_with(holding: Holding, slack: int, shares: int, level: tuple[int, int]) -> int:
    """Where losses use up slack / shares. Of a long the highest, of a short the lowest of the prices at which that
    is so on the line of each bracket: the maintenance margin is the largest of all lines."""
    size, step, mark = holding.size, holding.terms.step, holding.mark
    times, over = level
    scale = over * shares * MILLION
    notional = abs(size) * mark * step
    row = holding.terms.brackets.of(notional)
    equity = slack * MILLION + times * shares * (notional * row.rate - row.amount)
    prices = []
    for row in holding.terms.brackets.rows:
        slope = scale * size * step - times * shares * abs(size) * step * row.rate
        if (slope > 0) == (size > 0) and slope:
            constant = equity - scale * size * step * mark + times * shares * row.amount
            prices.append(-(constant // slope) if size > 0 else -constant // slope)
    return max(0, *prices) if size > 0 else max(0, min(prices))


def liquidation_price(health: Health, holding: Holding) -> int | None:
    """The mark price, in ticks, at which the account is liquidated if all other prices stay; None: at no price.
    The nearest tick on the safe side."""
    slack = health.equity - health.maintenance
    if slack < 0:
        return holding.mark
    price = _price_with(holding, slack, 1, (1, 1))
    return price or None


def bankruptcy_price(health: Health, holding: Holding) -> int:
    """The worst price, in ticks, at which the position can be closed and its closing fee be paid with what backs it:
    of a long rounded up, of a short down, at least a tick. Beyond the mark it is when nothing backs it any more."""
    size, step = holding.size, holding.terms.step
    have = health.backing(holding)
    # have + size x step x (price - mark) = |size| x step x price x fee
    slope = size * step * MILLION - abs(size) * step * holding.terms.taker_fee
    constant = (have - size * step * holding.mark) * MILLION
    price = -(constant // slope) if size > 0 else -constant // slope
    return max(1, price)


def insured_price(holding: Holding, bankruptcy: int, fund: int) -> int | None:
    """The worst price, in ticks, at which the whole position can be closed if a fund of so many units pays what is
    beyond its bankruptcy price; None if that reaches no tick further.

    Not far from the mark price either: else one low bid could take all that the fund has.
    """
    step, fee = holding.terms.step, holding.terms.taker_fee
    reach = fund * MILLION // (abs(holding.size) * step * (MILLION + fee))
    if not reach:
        return None
    aside = holding.mark * FUND_GOES_ASIDE // MILLION
    if holding.size > 0:
        return max(1, bankruptcy - reach, holding.mark - aside)
    return min(bankruptcy + reach, holding.mark + aside)


def break_even_price(holding: Holding) -> int:
    """The worst price, in ticks, at which closing the position, its fee paid, costs nothing: of a long rounded up."""
    size, step, fee = holding.size, holding.terms.step, holding.terms.taker_fee
    slope = abs(size) * step * (MILLION - fee if size > 0 else MILLION + fee)
    cost = (abs(holding.cost) + (holding.funding if size > 0 else -holding.funding)) * MILLION
    return max(1, -(-cost // slope) if size > 0 else cost // slope)


def restoring_lots(health: Health, holding: Holding) -> int:
    """The fewest lots to close at the mark price, fees paid, after which the account is well above its maintenance
    margin; all of them if there is no such part."""
    least, most = 1, abs(holding.size)
    while least < most:
        middle = (least + most) // 2
        if _is_restored(health, holding, middle):
            most = middle
        else:
            least = middle + 1
    return least


def _is_restored(health: Health, holding: Holding, lots: int) -> bool:
    terms = holding.terms
    closed = lots * holding.mark * terms.step
    equity = health.equity - fee_units(closed, terms.taker_fee) - fee_units(closed, terms.liquidation_fee)
    others = sum(each.maintenance for each in health.holdings if each is not holding)
    rest = (abs(holding.size) - lots) * holding.mark * terms.step
    times, over = RESTORE_TO
    needed = others + (terms.brackets.maintenance(rest) if rest else 0)
    return equity * over >= needed * times and equity > 0
