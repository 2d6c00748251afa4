"""What is counted of risk, for Prometheus and the KPIs (docs/metrics.md)."""

from prometheus_client import Counter

from risk.models import LiquidationStep

LIQUIDATION_EVENTS = Counter(
    "liquidation_events_total", "Steps of liquidations, those of margin accounts too.", ["kind"]
)
for _kind in LiquidationStep.Kind.values:
    LIQUIDATION_EVENTS.labels(_kind)  # shown from the start, as 0
