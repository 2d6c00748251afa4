"""The name of a request goes along with the tasks it sends: through a real worker, and a broker in memory."""

import io
import json
import logging
import queue

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker

from common import request_id
from common.log_format import JsonFormatter
from kpi import task_log

SECRET = "s3cr3t-Value/9"
names = queue.Queue()


@pytest.fixture(scope="module")
def app():
    task_log.connect()
    app = Celery("tests", broker="memory://", set_as_current=False)
    app.conf.update(task_ignore_result=True, worker_hijack_root_logger=False)

    @app.task(name="tests.names")
    def tells_its_name():
        names.put(request_id.current())

    @app.task(name="tests.sends")
    def sends_another():
        names.put(request_id.current())
        tells_its_name.delay()

    @app.task(name="tests.breaks")
    def breaks(password, **more):
        names.put(request_id.current())
        raise ValueError(f"{password} is wrong, and so is {more}")

    with start_worker(app, perform_ping_check=False, pool="solo"):
        yield app


@pytest.fixture
def logged():
    """Lines of JSON that are logged meanwhile."""
    stream, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    root.addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)


@pytest.fixture
def in_a_request():
    yield request_id.begin("req-7")
    request_id.end()


def named():
    return names.get(timeout=30)


def test_a_task_works_under_the_name_of_the_request_that_sent_it(app, in_a_request):
    app.tasks["tests.names"].delay()
    assert named() == "req-7"


def test_so_does_a_task_that_a_task_sent(app, in_a_request):
    app.tasks["tests.sends"].delay()
    assert [named(), named()] == ["req-7", "req-7"]


def test_a_task_that_no_request_sent_has_a_name_of_its_own(app):
    for _ in range(2):
        app.tasks["tests.names"].delay()
    one, other = named(), named()
    assert one and other and one != other


@pytest.mark.parametrize("name", ["no name\n", 7, None, ["a"]], ids=str)
def test_a_name_that_could_not_stand_in_a_log_is_replaced(app, name):
    app.tasks["tests.names"].apply_async(headers={task_log.REQUEST_ID: name})
    assert named() not in ("", name)


def test_what_a_task_logs_carries_the_name_and_none_of_its_arguments(app, in_a_request, logged):
    app.tasks["tests.breaks"].delay(SECRET, account={"note": SECRET})
    app.tasks["tests.names"].delay()
    assert [named(), named()] == ["req-7", "req-7"]  # one after the other: the first one is over
    [line] = [line for line in logged() if "tests.breaks" in line["message"]]
    assert line["http"]["request"]["id"] == "req-7" and line["error"]["type"] == "ValueError"
    assert "s3cr3t" not in json.dumps(logged())


def test_a_task_that_is_called_and_not_sent_belongs_to_its_caller(app, in_a_request):
    app.tasks["tests.names"].apply()
    assert named() == request_id.current() == "req-7"


def test_a_task_that_nobody_knows_is_told_without_its_content(app, logged):
    app.send_task("tests.unknown", [SECRET], {"password": SECRET})
    app.tasks["tests.names"].delay()
    named()
    told = json.dumps(logged())
    assert "tests.unknown" in told and "s3cr3t" not in told
