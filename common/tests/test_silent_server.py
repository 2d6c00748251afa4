"""A PostgreSQL that does not answer is waited for only so long, and each kind of process has its own limit."""

import os
import subprocess
import sys
import time

import psycopg
import pytest
from django.conf import settings
from django.db import OperationalError, connection

from common.pipelined import Pipeline, roll_back
from common.postgresql.base import SilentServer

PATIENCE_SECONDS = 0.3
FAR_TOO_LONG = "SELECT pg_sleep(60)"
SHOW = """
import django; django.setup()
from django.conf import settings; print(settings.DATABASES["default"]["OPTIONS"])
"""


@pytest.fixture
def impatient(transactional_db):
    """Another connection to the test's database."""
    other = connection.copy()
    other.settings_dict["OPTIONS"] = other.settings_dict["OPTIONS"] | {"patience_seconds": PATIENCE_SECONDS}
    yield other
    other.close()


def gives_up(wait, *error):
    begun = time.monotonic()
    with pytest.raises(error, match="has not answered"):
        wait()
    assert time.monotonic() - begun < 20, "long before the server would have answered"


def test_a_statement_without_an_answer_ends_in_an_error_and_the_next_one_connects_anew(impatient):
    with impatient.cursor() as cursor:
        gives_up(lambda: cursor.execute(FAR_TOO_LONG), OperationalError)
    impatient.close()
    with impatient.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


def test_a_pipeline_without_an_answer_likewise(impatient):
    impatient.ensure_connection()
    raw = impatient.connection
    pipeline = Pipeline(raw)
    pipeline.add(FAR_TOO_LONG)
    gives_up(pipeline.run, SilentServer)
    roll_back(raw)  # has nothing more to wait for
    assert raw.closed


def test_a_statement_too_large_to_be_sent_at_once_likewise(impatient):
    """The server reads no more, because it is still at the statement before."""
    impatient.ensure_connection()
    pipeline = Pipeline(impatient.connection)
    pipeline.add(FAR_TOO_LONG)
    for _ in range(40):
        pipeline.add("SELECT length(%s::text)", "x" * 1_000_000)
    gives_up(pipeline.run, SilentServer)


def test_rolling_back_ends_the_transaction(impatient):
    """Outside a pipeline too."""
    impatient.ensure_connection()
    raw = impatient.connection
    raw.autocommit = True
    other = psycopg.Cursor(raw)
    other.execute("BEGIN")
    other.execute("SELECT 1")
    roll_back(raw)
    assert raw.pgconn.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_an_answer_in_time_is_no_silence(impatient):
    with impatient.cursor() as cursor:
        for _ in range(3):
            cursor.execute("SELECT pg_sleep(0.15)")


def test_the_server_ends_a_statement_before_we_lose_patience(transactional_db):
    options = settings.DATABASES["default"]["OPTIONS"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM current_setting('statement_timeout')::interval)")
        seconds = int(cursor.fetchone()[0])
    assert 0 < seconds < options["patience_seconds"]
    assert seconds < settings.CELERY_TASK_TIME_LIMIT


@pytest.mark.parametrize(
    ("enters", "seconds", "patience"),
    [
        ("import exchange_site.wsgi", 15, 20),
        ("import exchange_site.asgi", 15, 20),
        ("import exchange_site.celery", 100, 105),
        ("import runpy, sys; sys.argv = ['manage.py', 'version']; runpy.run_path('manage.py', run_name='__main__')",
         0, None),
    ],
    ids=["web", "sockets", "worker", "commands"],
)  # fmt: skip
def test_each_kind_of_process_has_its_own_limit(enters, seconds, patience):
    environment = {name: value for name, value in os.environ.items() if name != "STATEMENT_SECONDS"}
    done = subprocess.run(
        [sys.executable, "-c", f"{enters}\n{SHOW}"],
        env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    shown = done.stdout.splitlines()[-1] if done.stdout else done.stderr
    assert f"statement_timeout={seconds}s" in shown and f"'patience_seconds': {patience}" in shown, (
        done.stderr
    )
