"""How we talk to PostgreSQL."""

from typing import Any

import environ

# A worker's: its tasks are given up after 120 s (CELERY_TASK_TIME_LIMIT). wsgi.py, asgi.py and manage.py have theirs.
STATEMENT_SECONDS = 100
# How much longer than the server's own limit we wait for a word from it.
SILENCE_SECONDS = 5


def database(env: environ.Env) -> dict[str, Any]:
    settings: dict[str, Any] = env.db("DATABASE_URL")
    settings |= {"ENGINE": "common.postgresql", "CONN_MAX_AGE": None, "ATOMIC_REQUESTS": False}
    settings["OPTIONS"] = settings.get("OPTIONS", {}) | _options(
        env.int("STATEMENT_SECONDS", STATEMENT_SECONDS)
    )
    return settings


def _options(statement_seconds: int) -> dict[str, Any]:
    return {
        "connect_timeout": 3,
        # A server that has vanished from the network is given up after ten seconds, not after hours.
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 10_000,
        # What we acknowledge is on disk, whatever the server's default; a stuck lock ends in an error.
        "options": "-c synchronous_commit=on -c lock_timeout=5s -c idle_in_transaction_session_timeout=60s"
        f" -c statement_timeout={statement_seconds}s",
        # And one that is there and says nothing is given up too (common/postgresql/base.py).
        "patience_seconds": statement_seconds + SILENCE_SECONDS if statement_seconds else None,
        "application_name": "bourse",
    }
