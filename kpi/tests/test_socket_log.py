"""WebSockets in the request log."""

import json

import pytest

from common.api.answered import WHOSE
from common.redaction import conceal, hold
from kpi import request_log
from kpi.socket_log import SocketLog


@pytest.fixture
def log(tmp_path, settings):
    settings.REQUEST_LOG = str(tmp_path / "requests.log")
    yield lambda: [json.loads(line) for line in (tmp_path / "requests.log").read_text().splitlines()]
    request_log._log.cache_clear()
    hold(None)


def scope(path="/ws/user", **headers):
    return {
        "type": "websocket", "path": path, "client": ("192.0.2.7", 5), "query_string": b"token=s3cr3t",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip


async def connect(application, heard=(), **options):
    """Run the application until it is done; what it sent."""
    sent, messages = [], list(heard)

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message)

    await SocketLog(application, ["/ws/user"])(scope(**options), receive, send)
    return sent


async def talks(scope, receive, send):
    await send({"type": "websocket.accept"})
    scope[WHOSE].update(user_id=3, key_id=9)
    while (await receive())["type"] != "websocket.disconnect":
        pass


async def test_a_line_when_it_opens_and_one_when_it_ends(log):
    await connect(talks, [{"type": "websocket.disconnect", "code": 1001}], x_request_id="mine-7")
    opened, closed = log()
    assert (opened["event"]["action"], closed["event"]["action"]) == ("websocket-opened", "websocket-closed")
    assert "duration" in closed["event"] and "duration" not in opened["event"]
    assert closed["bourse"] == {"key_id": "9", "close_code": 1001} and closed["user"] == {"id": "3"}
    assert closed["event"]["outcome"] == "success" and "user" not in opened
    for line in (opened, closed):
        assert line["event"]["dataset"] == "bourse.sockets" and line["client"]["ip"] == "192.0.2.7"
        assert line["http"] == {"request": {"id": "mine-7"}, "response": {"status_code": 101}}
        assert line["url"]["path"] == "/ws/user" and "s3cr3t" not in json.dumps(line)


async def test_the_code_with_which_we_closed_it(log):
    async def closes(scope, receive, send):
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 4008})
        await receive()

    await connect(closes, [{"type": "websocket.disconnect", "code": 1006}])
    assert log()[1]["bourse"]["close_code"] == 4008 and log()[1]["event"]["outcome"] == "failure"


async def test_one_that_was_not_let_in_has_one_line(log):
    async def refuses(scope, receive, send):
        await send({"type": "websocket.close", "code": 4403})

    await connect(refuses)
    [line] = log()
    assert line["event"]["action"] == "websocket-refused" and line["http"]["response"]["status_code"] == 403


async def test_the_status_with_which_it_was_not_let_in(log):
    async def limits(scope, receive, send):
        await send({"type": "websocket.http.response.start", "status": 429})

    await connect(limits)
    assert log()[0]["http"]["response"]["status_code"] == 429


async def test_one_that_breaks_is_logged_all_the_same(log):
    async def breaks(scope, receive, send):
        await send({"type": "websocket.accept"})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await connect(breaks)
    assert [line["event"]["action"] for line in log()] == ["websocket-opened", "websocket-closed"]


async def test_an_address_that_is_none_of_ours_is_not_repeated(log):
    await connect(talks, [{"type": "websocket.disconnect"}], path="/ws/s3cr3t")
    assert {line["url"]["path"] for line in log()} == {"unmatched"}


async def test_what_a_client_says_is_concealed_in_what_is_logged_of_it(log):
    async def reads(scope, receive, send):
        await receive()

    await connect(
        reads, [{"type": "websocket.receive", "text": '{"action": "authenticate", "token": "s3cr3t-9"}'}]
    )
    assert conceal("cannot read s3cr3t-9") == "cannot read [concealed]"
