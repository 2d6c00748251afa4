"""Celery's tasks, in /metrics: through a real worker, and a broker in memory."""

import time

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker
from prometheus_client import REGISTRY

from common.tests.counted import Growth
from kpi import task_metrics


@pytest.fixture(scope="module")
def app():
    """An application of its own with a worker in a thread."""
    task_metrics.connect()
    app = Celery("tests", broker="memory://", set_as_current=False)
    app.conf.update(task_ignore_result=True, worker_hijack_root_logger=False)

    @app.task(name="tests.works")
    def works():
        return 1

    @app.task(name="tests.fails")
    def fails():
        raise ValueError("a bug")

    @app.task(name="tests.tries_again", bind=True, max_retries=1)
    def tries_again(self):
        if not self.request.retries:
            raise self.retry(countdown=0)

    with start_worker(app, perform_ping_check=False, pool="solo"):
        yield app


@pytest.fixture
def growth(app):
    return Growth()


def send(app, name, **options):
    return app.tasks[name].apply_async(**options)


def until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def test_a_task_is_counted_with_its_delay_and_its_duration(app, growth):
    send(app, "tests.works")
    until(lambda: growth.of("bourse_task_seconds_count", task="tests.works") == 1)
    assert growth.of("bourse_task_delay_seconds_count", task="tests.works") == 1
    for name in ("bourse_task_failures_total", "bourse_task_expired_total"):
        shown = REGISTRY.get_sample_value(name, {"task": "tests.works"})
        assert shown is not None, "a first one must be a rise from 0"


def test_the_delay_is_from_the_sending(app, growth):
    send(app, "tests.works", headers={task_metrics.SENT_AT: time.time() - 7})
    until(lambda: growth.of("bourse_task_delay_seconds_count", task="tests.works") == 1)
    assert 7 <= growth.of("bourse_task_delay_seconds_sum", task="tests.works") < 37


@pytest.mark.parametrize("sent_at", ["yesterday", None, [1]])
def test_a_header_that_is_no_time_is_left_alone(app, growth, sent_at):
    send(app, "tests.works", headers={task_metrics.SENT_AT: sent_at})
    until(lambda: growth.of("bourse_task_seconds_count", task="tests.works") == 1)
    assert growth.of("bourse_task_delay_seconds_count", task="tests.works") == 0


def test_a_clock_that_runs_ahead_makes_no_delay_negative(app, growth):
    send(app, "tests.works", headers={task_metrics.SENT_AT: time.time() + 60})
    until(lambda: growth.of("bourse_task_delay_seconds_count", task="tests.works") == 1)
    assert growth.of("bourse_task_delay_seconds_sum", task="tests.works") == 0


def test_a_failure_is_counted(app, growth):
    send(app, "tests.fails")
    until(lambda: growth.of("bourse_task_seconds_count", task="tests.fails") == 1)
    assert growth.of("bourse_task_failures_total", task="tests.fails") == 1


def test_a_task_that_tries_again_has_not_failed(app, growth):
    send(app, "tests.tries_again")
    until(lambda: growth.of("bourse_task_seconds_count", task="tests.tries_again") == 2)
    assert growth.of("bourse_task_failures_total", task="tests.tries_again") == 0


def test_a_task_that_came_too_late_is_counted_as_expired(app, growth):
    send(app, "tests.works", expires=-1)
    until(lambda: growth.of("bourse_task_expired_total", task="tests.works") == 1)
    assert growth.of("bourse_task_seconds_count", task="tests.works") == 0
