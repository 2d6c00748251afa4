"""How many WebSockets one address may hold open and open anew."""

import json

import pytest

from common.api.socket_limits import DENIAL, LimitSockets, close_unknown
from common.limits import Counter, Scope, tally
from common.meters import rate_limit_hits
from common.tests.minute import endless_minute

DENIABLE = {"extensions": {DENIAL: {}}}


@pytest.fixture(autouse=True)
def limits(settings, monkeypatch):
    settings.SOCKET_LIMIT, settings.ADDRESS_LIMIT = 2, 100
    endless_minute(settings, monkeypatch)


class Door:
    """A client at the door: `opens` runs `inside` while the connection is open, and says what was sent."""

    def __init__(self):
        self.let_in = 0
        self.inside = None
        self.limits = LimitSockets(self._application)

    async def _application(self, scope, receive, send):
        self.let_in += 1
        if self.inside is not None:
            await self.inside()

    async def opens(self, address="192.0.2.7", inside=None, **more):
        sent, self.inside = [], inside

        async def receive():
            return {"type": "websocket.connect"}

        async def send(message):
            sent.append(message)

        await self.limits({"client": (address, 5), "headers": [], **more}, receive, send)
        return sent


@pytest.fixture
def door():
    return Door()


def hits():
    return rate_limit_hits.labels("sockets")._value.get()


async def test_only_so_many_are_open_at_a_time(door):
    before, refused = hits(), []

    async def second():
        async def third():
            refused.extend(await door.opens())

        await door.opens(inside=third)

    await door.opens(inside=second)
    assert refused == [{"type": "websocket.close", "code": 4029}] and door.let_in == 2
    assert hits() == before + 1


async def test_one_that_ended_makes_room(door):
    for _ in range(5):
        assert await door.opens() == []
    assert door.let_in == 5 and not door.limits.open


async def test_one_that_broke_makes_room_too(door):
    async def breaks():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await door.opens(inside=breaks)
    assert not door.limits.open


async def test_another_address_is_not_affected(door, settings):
    settings.SOCKET_LIMIT = 1
    sent = []

    async def other():
        sent.extend(await door.opens("192.0.2.8"))

    await door.opens(inside=other)
    assert sent == [] and door.let_in == 2


async def test_opening_counts_in_the_ceiling_of_the_address(door, settings):
    settings.ADDRESS_LIMIT = 2
    assert [await door.opens() for _ in range(2)] == [[], []]
    [start, body] = await door.opens(**DENIABLE)
    assert start["status"] == 429 and 1 <= int(dict(start["headers"])[b"retry-after"]) <= 60
    assert json.loads(body["body"])["code"] == "RATE_LIMITED"
    assert tally(Counter(Scope.ADDRESS, "address:192.0.2.7", 2), 0).used == 2


async def test_limits_can_be_lifted(door, settings):
    settings.RATE_LIMIT_ENABLED, settings.SOCKET_LIMIT = False, 0
    assert await door.opens() == []


async def test_an_unknown_address_is_refused_and_no_error():
    sent = []

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        sent.append(message)

    await close_unknown({}, receive, send)
    assert sent == [{"type": "websocket.close", "code": 4404}]
