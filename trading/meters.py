"""What is counted of trading, for Prometheus and the KPIs (docs/metrics.md): after the commit, where it happens."""

from prometheus_client import Counter, Gauge, Histogram

from common.measure import FAST_SECONDS

# ---- orders and trades ----
ORDERS = Counter("bourse_orders_total", "Orders accepted and committed.", ["symbol", "side", "type"])
ORDERS_ENDED = Counter(
    "bourse_orders_ended_total", "Orders that ended filled, cancelled or expired.", ["symbol", "status"]
)
REFUSALS = Counter(
    "bourse_refusals_total",
    "Requests that the matching service refused.",
    ["symbol", "request", "code"],
)
TRADES = Counter("bourse_trades_total", "Trades.", ["symbol"])
VOLUME_BASE = Counter("bourse_trade_volume_base_total", "What was traded, in base.", ["symbol"])
VOLUME_QUOTE = Counter("bourse_trade_volume_quote_total", "What was traded, in quote.", ["symbol"])
ACKNOWLEDGE_SECONDS = Histogram(
    "bourse_order_acknowledge_seconds",
    "From an order's arrival at the matching service to its answer, after the commit.",
    ["symbol"],
    buckets=FAST_SECONDS,
)

# ---- matching ----
BATCH_REQUESTS = Histogram(
    "bourse_matching_batch_requests",
    "Requests carried out in one transaction.",
    ["symbol"],
    buckets=(1, 2, 3, 5, 8, 13, 20, 35, 60, 100, 200, 500),
)
BATCH_SECONDS = Histogram(
    "bourse_matching_batch_seconds",
    "One batch, from the lock to the commit, with what had to be tried again.",
    ["symbol"],
    buckets=FAST_SECONDS,
)
LOCK_WAIT_SECONDS = Histogram(
    "bourse_matching_lock_wait_seconds",
    "How long the database made a batch wait for the market's lock.",
    ["symbol"],
    buckets=FAST_SECONDS,
)
RETRIES = Counter("bourse_matching_retries_total", "Batches that had to run again.", ["symbol"])
QUEUE_DEPTH = Gauge(
    "bourse_matching_queue_depth",
    "Requests that wait for the batch before them, in all processes.",
    ["symbol"],
    multiprocess_mode="livesum",
)
COMMIT_TO_PUBLISH_SECONDS = Histogram(
    "bourse_commit_to_publish_seconds",
    "From a commit until those who follow the market were woken.",
    ["symbol"],
    buckets=FAST_SECONDS,
)
PUBLISH_FAILURES = Counter(
    "bourse_publish_failures_total", "Wake-ups that could not be sent, as Redis was away."
)

# ---- sockets ----
CONNECTIONS = Gauge(
    "bourse_websocket_connections", "Open connections.", ["stream"], multiprocess_mode="livesum"
)
CONNECTS = Counter("bourse_websocket_connects_total", "Connections that were opened.", ["stream"])
RECEIVED = Counter("bourse_websocket_messages_received_total", "Messages from clients.", ["stream"])
SENT = Counter("bourse_websocket_messages_sent_total", "Messages to clients.", ["stream"])
OVERRUNS = Counter(
    "bourse_websocket_overruns_total",
    "A client did not read fast enough: what waited was dropped, and it was told so.",
    ["stream"],
)
CLOSES = Counter("bourse_websocket_closes_total", "Connections that we closed.", ["stream", "code"])
