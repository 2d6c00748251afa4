"""What is lent on margin, read from the database when Prometheus asks: so all processes tell the same."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Count, Sum
from prometheus_client.core import GaugeMetricFamily

from accounts.models import Account, Balance
from risk.models import Liquidation, Loan
from risk.services.fund_lending import INSURANCE


class LendingMetrics:
    """A collector of Prometheus'. Some rows a metric, however many loans there are."""

    def collect(self) -> Iterator[Any]:
        loans = Loan.objects.filter(closed_at__isnull=True)
        totals = list(loans.values("asset_id").annotate(p=Sum("principal"), i=Sum("interest"), n=Count("id")))
        yield _gauge(
            "borrowed", "borrowed and not paid back", ((row["asset_id"], row["p"]) for row in totals)
        )
        yield _gauge(
            "interest_due", "interest due and not paid", ((row["asset_id"], row["i"]) for row in totals)
        )
        yield _gauge("open_loans", "loans that are open", ((row["asset_id"], row["n"]) for row in totals))
        pools = Balance.objects.filter(account__kind=Account.Kind.LENDING)
        yield _gauge("pool_free", "what the lending pool has left", pools.values_list("asset", "available"))
        fund = Balance.objects.filter(account__name=INSURANCE)
        yield _gauge("insurance", "insurance fund of margin accounts", fund.values_list("asset", "available"))
        yield _liquidations()


def _gauge(name: str, text: str, amounts: Any) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(f"bourse_lending_{name}", text, labels=["asset"])
    for asset, amount in amounts:
        gauge.add_metric([asset], amount)
    return gauge


def _liquidations() -> GaugeMetricFamily:
    gauge = GaugeMetricFamily("bourse_lending_liquidations", "margin accounts by state", labels=["status"])
    rows = Liquidation.objects.filter(account__owner__isnull=False, status__in=Liquidation.OPEN)
    counted = dict(rows.values_list("status").annotate(n=Count("id")))
    for status in Liquidation.OPEN:
        gauge.add_metric([status.value], counted.get(status.value, 0))
    return gauge
