"""Whether the ledger adds up, as the newest check found it (accounts.services.watch_ledger)."""

from collections.abc import Iterator
from decimal import Decimal

from prometheus_client.core import GaugeMetricFamily

from accounts.selectors import ledger_watch
from common import clock
from common.measure import measure
from market.selectors import assets


class LedgerMetrics:
    """A collector of Prometheus'. Without a check there are no samples: an imbalance of 0 is never made up."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        imbalance = GaugeMetricFamily(
            "bourse_ledger_imbalance", "Must be 0: what does not sum to zero.", labels=["asset", "where"]
        )
        unchecked = GaugeMetricFamily(
            "bourse_ledger_unchecked_transactions", "Ledger transactions that the check has not come to yet."
        )
        since = GaugeMetricFamily("bourse_ledger_seconds_since_check", "Since the newest check.")
        found = ledger_watch()
        if found is not None:
            codes = {each.code for each in assets()}
            for where, amounts in (("postings", found.postings), ("balances", found.balances)):
                for asset in codes | amounts.keys():
                    imbalance.add_metric([asset, where], measure(amounts.get(asset, Decimal(0))))
            unchecked.add_metric([], found.unchecked)
            since.add_metric([], max(0, clock.to_ms(clock.now()) - found.checked_at_ms) / 1000)
        yield from (imbalance, unchecked, since)
