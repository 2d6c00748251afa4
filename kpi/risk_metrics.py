"""What is at risk in perpetuals, read from the database when Prometheus asks: so all processes tell the same."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Max
from prometheus_client.core import GaugeMetricFamily

from common import clock
from risk.models import Liquidation, LiquidationStep
from risk.selectors import ContractExposure, Exposure, exposure
from trading.services.sweep_liquidations import LAST_SWEEP

LATELY = timedelta(hours=1)

# Name, meaning, and what of a contract.
_OF_CONTRACTS = (
    ("exposure", "positions and orders of everybody, in quote", "exposure"),
    ("exposure_limit", "most exposure of everybody, in quote", "maximum"),
    ("user_exposure_limit", "most exposure of one user, in quote", "user_maximum"),
    ("open_interest", "what is held long, and as much short, in base", "open_interest"),
    ("mark_price", "what margin goes by, in quote", "mark_price"),
    ("index_price", "the price outside this exchange, in quote", "index_price"),
    ("funding_rate", "the last one that longs paid shorts", "funding_rate"),
    ("insurance_fund", "what it has, in quote; negative: it owes", "insurance"),
)


class RiskMetrics:
    """A collector of Prometheus'. A few queries, whatever the number of accounts; of liquidations, only those
    that go on and what was done lately are counted."""

    def collect(self) -> Iterator[Any]:
        found = exposure()
        for name, text, field in _OF_CONTRACTS:
            yield _by("symbol", name, text, ((each.symbol, getattr(each, field)) for each in found.contracts))
        yield _positions(found.contracts)
        yield from _totals(found)
        yield from _liquidations()
        yield _steps()
        swept = cache.get(LAST_SWEEP)
        since = None if swept is None else max(0, clock.to_ms(clock.now()) - swept) / 1000
        yield _single("seconds_since_sweep", "since accounts in danger were last looked for", since)


def _positions(contracts: Iterable[ContractExposure]) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily("bourse_risk_positions", "open positions", labels=["symbol", "side"])
    for each in contracts:
        gauge.add_metric([each.symbol, "long"], each.longs)
        gauge.add_metric([each.symbol, "short"], each.shorts)
    return gauge


def _totals(found: Exposure) -> Iterator[GaugeMetricFamily]:
    yield _single("total_exposure", "of everybody in all contracts, in quote", found.total)
    yield _single("total_exposure_limit", "most of it", found.maximum)
    yield _single("user_total_exposure_limit", "most of one user in all contracts", found.user_maximum)


def _liquidations() -> Iterator[GaugeMetricFamily]:
    """Those that are not over, by their partial index; those of margin accounts are told with their loans."""
    own = Liquidation.objects.filter(status__in=Liquidation.OPEN, account__owner__isnull=True)
    counted = dict(own.values_list("status").annotate(n=Count("id")))
    amounts = [(status.value, counted.get(status.value, 0)) for status in Liquidation.OPEN]
    yield _by("status", "liquidations", "liquidations of perpetuals that are not over", amounts)
    newest = Liquidation.objects.aggregate(newest=Max("id"))["newest"] or 0
    yield _single(
        "liquidations_begun", "ever, those of margin accounts too: the highest number given", newest
    )


def _steps() -> GaugeMetricFamily:
    """Of the last hour, by an index: all that there ever were would take longer each day. A step of a margin
    account has no event in a market's log."""
    lately = LiquidationStep.objects.filter(created_at__gt=clock.now() - LATELY, sequence__isnull=False)
    counted = dict(lately.values_list("kind").annotate(n=Count("id")))
    amounts = [(kind, counted.get(kind, 0)) for kind in LiquidationStep.Kind.values]
    return _by("kind", "liquidation_steps", "steps of the last hour in liquidations of perpetuals", amounts)


def _by(label: str, name: str, text: str, amounts: Iterable[tuple[str, Any]]) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(f"bourse_risk_{name}", text, labels=[label])
    for value, amount in amounts:
        if amount is not None:
            gauge.add_metric([value], amount)
    return gauge


def _single(name: str, text: str, value: Any) -> GaugeMetricFamily:
    """None: no sample, for no limit is not a limit of zero."""
    return GaugeMetricFamily(f"bourse_risk_{name}", text, value=value)
