"""What this room counts; kpi shows it at /metrics."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from prometheus_client import Counter

from common.errors import ErrorCode, Refused

Credential = Literal["password", "api_key", "token"]

# What a refusal that says by itself what was wrong counts as; any other counts as its credential.
REASONS = {
    ErrorCode.INVALID_SIGNATURE: "signature",
    ErrorCode.TIMESTAMP_OUT_OF_WINDOW: "timestamp",
    ErrorCode.REQUEST_REPLAYED: "replay",
    ErrorCode.ACCOUNT_SUSPENDED: "suspended",
    ErrorCode.INVALID_CODE: "code",
}
CREDENTIAL_REFUSED = (ErrorCode.INVALID_CREDENTIALS, ErrorCode.INVALID_TOKEN)

AUTH_FAILURES = Counter(
    "auth_failures_total", "Sign-ins, tokens and signatures that were refused, by what was wrong.", ["reason"]
)
for _reason in ("password", "api_key", "token", *REASONS.values()):
    AUTH_FAILURES.labels(_reason)  # shown from the start, as 0


@contextmanager
def failures_counted(credential: Credential) -> Iterator[None]:
    """Counts a refusal of who somebody is, once, on its way out. Not that of too many attempts, which has its
    own counter, nor that of a log-in that still lacks its code."""
    try:
        yield
    except Refused as refused:
        if refused.code in REASONS:
            AUTH_FAILURES.labels(REASONS[refused.code]).inc()
        elif refused.code in CREDENTIAL_REFUSED:
            AUTH_FAILURES.labels(credential).inc()
        raise
