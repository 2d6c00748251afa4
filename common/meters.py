"""What is counted in the common rooms; /metrics shows it."""

from prometheus_client import Counter

rate_limit_hits = Counter(
    "rate_limit_hits_total", "Requests refused because a limit was reached, by the limit's scope.", ["scope"]
)
