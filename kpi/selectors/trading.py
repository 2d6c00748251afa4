"""What happened in the markets."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from kpi.models import CounterStat, RollUp, TradingStat, UserActivity
from kpi.selectors.samples import Sampled, newest_samples, sampled
from kpi.services.roll_up_liquidations import BEGUN, LIQUIDATIONS
from kpi.services.roll_up_trading import TRADING
from kpi.services.take_samples import OPEN_INTEREST, SPREAD, SPREAD_BPS
from kpi.windows import Window
from market.models import Market


class Counts(NamedTuple):
    """Of orders: accepted, and ended in each way."""

    orders: int
    trades: int
    filled: int
    cancelled: int
    expired: int

    @property
    def ended(self) -> int:
        return self.filled + self.cancelled + self.expired


class MarketFigures(NamedTuple):
    """volume in base. open_interest: None on spot."""

    symbol: str
    quote: str
    counts: Counts
    volume: Decimal
    quote_volume: Decimal
    spread: Sampled | None
    spread_bps: Sampled | None
    open_interest: Decimal | None


class TradingStep(NamedTuple):
    """One minute or hour. quote_volumes: by asset."""

    start: datetime
    counts: Counts
    quote_volumes: dict[str, Decimal]


class TradingFigures(NamedTuple):
    """liquidation_steps: by kind. as_of: when all events that there were had been counted, None for never."""

    counts: Counts
    quote_volumes: dict[str, Decimal]
    markets: list[MarketFigures]
    active_users: int
    liquidations_begun: int
    liquidation_steps: dict[str, int]
    steps: list[TradingStep]
    as_of: datetime | None


def trading_figures(window: Window) -> TradingFigures:
    """A few queries of roll-ups, however many orders there were."""
    rows = list(TradingStat.objects.filter(step_seconds=window.step_seconds, start__gte=window.start))
    markets = list(Market.objects.order_by("symbol"))
    quotes = {market.pk: market.quote_id for market in markets}
    kinds = _liquidations(window)
    return TradingFigures(
        counts=_counts(rows),
        quote_volumes=_quote_volumes(rows, quotes),
        markets=_markets(rows, markets, window),
        active_users=UserActivity.objects.filter(last_active_at__gte=window.start).count(),
        liquidations_begun=kinds.pop(BEGUN, 0),
        liquidation_steps=kinds,
        steps=_steps(rows, quotes),
        as_of=RollUp.objects.filter(name=TRADING).values_list("done_at", flat=True).first(),
    )


def _counts(rows: Iterable[TradingStat]) -> Counts:
    sums = [0] * len(Counts._fields)
    for row in rows:
        for place, name in enumerate(Counts._fields):
            sums[place] += getattr(row, name)
    return Counts._make(sums)


def _quote_volumes(rows: Iterable[TradingStat], quotes: dict[int, str]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        found[quotes[row.market_id]] += row.quote_volume
    return dict(sorted(found.items()))


def _markets(rows: Iterable[TradingStat], markets: list[Market], window: Window) -> list[MarketFigures]:
    groups: dict[int, list[TradingStat]] = defaultdict(list)
    for row in rows:
        groups[row.market_id].append(row)
    spreads, bps = sampled(SPREAD, window), sampled(SPREAD_BPS, window)
    interest = newest_samples(OPEN_INTEREST)
    return [
        MarketFigures(
            market.symbol,
            market.quote_id,
            _counts(groups[market.pk]),
            sum((row.volume for row in groups[market.pk]), Decimal()),
            sum((row.quote_volume for row in groups[market.pk]), Decimal()),
            spreads.get(market.symbol),
            bps.get(market.symbol),
            interest.get(market.symbol),
        )
        for market in markets
    ]


def _liquidations(window: Window) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    rows = CounterStat.objects.filter(
        name=LIQUIDATIONS, step_seconds=window.step_seconds, start__gte=window.start
    )
    for label, amount in rows.values_list("label", "amount"):
        found[label] += amount
    return dict(sorted(found.items()))


def _steps(rows: Iterable[TradingStat], quotes: dict[int, str]) -> list[TradingStep]:
    groups: dict[datetime, list[TradingStat]] = defaultdict(list)
    for row in rows:
        groups[row.start].append(row)
    return [
        TradingStep(start, _counts(group), _quote_volumes(group, quotes))
        for start, group in sorted(groups.items())
    ]
