"""What is counted of risk, for Prometheus and the KPIs (docs/metrics.md)."""

from prometheus_client import Counter

LIQUIDATION_EVENTS = Counter(
    "liquidation_events_total", "Steps of liquidations, those of margin accounts too.", ["kind"]
)
