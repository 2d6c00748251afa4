"""The counters of /metrics whose growth goes into the roll-ups of the KPIs."""

from prometheus_client import Counter

WATCHED: tuple[Counter, ...] = ()
