"""The counters of /metrics whose growth goes into the roll-ups of the KPIs."""

from prometheus_client import Counter

from accounts.meters import AUTH_FAILURES
from common.meters import rate_limit_hits

AUTH_FAILURES_NAME = "auth_failures_total"
LIMIT_HITS_NAME = "rate_limit_hits_total"

WATCHED: tuple[Counter, ...] = (AUTH_FAILURES, rate_limit_hits)
