"""A signed request that comes twice at the same moment, to two processes."""

import pytest
from django.db import connection

from accounts.services import create_api_key, signatures
from accounts.tests.signer import Signer
from trading.tests.api.desk import person
from trading.tests.other_desk import is_waiting_for_a_lock, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def request_in_hand():
    """A signed request as it would come to either process."""
    _, key, secret = create_api_key(person("alice", funds={}), "bot", ["read"])
    headers = Signer(key, secret).headers("GET", "/api/v1/account", window=60_000)
    return {
        "key": key, "timestamp": headers["X-Timestamp"], "window": "60000", "signature": headers["X-Signature"],
        "method": "GET", "path": "/api/v1/account",
    }  # fmt: skip


def test_of_two_processes_that_get_it_at_once_one_accepts_it(other_desks, request_in_hand, monkeypatch):
    desks = other_desks(2)
    with connection.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE accounts_spentsignature IN EXCLUSIVE MODE")
        for desk in desks:
            desk.starts("accept", **request_in_hand)
        for desk in desks:
            wait_until(lambda pid=desk.backend_pid: is_waiting_for_a_lock(pid))
        cursor.execute("COMMIT")  # both go on at the same moment
    assert sorted(desk.ends() for desk in desks) == ["REQUEST_REPLAYED", "accepted"]


def test_what_one_process_accepted_no_other_accepts_afterwards(other_desks, request_in_hand):
    one, other = other_desks(2)
    assert one.asks("accept", **request_in_hand) == "accepted"
    assert (
        other.asks("accept", **request_in_hand) == one.asks("accept", **request_in_hand) == "REQUEST_REPLAYED"
    )


def test_a_request_that_is_refused_while_it_waits_leaves_its_place_to_the_other(other_desks, request_in_hand):
    """Whoever was first and did not commit has accepted nothing."""
    [desk] = other_desks(1)
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        signatures.authenticate_signed(
            signatures.SignedRequest(**request_in_hand, query=b"", body=b"", address="192.0.2.1")
        )
        desk.starts("accept", **request_in_hand)
        wait_until(lambda: is_waiting_for_a_lock(desk.backend_pid))
        cursor.execute("ROLLBACK")
    assert desk.ends() == "accepted"
