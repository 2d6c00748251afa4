import pytest

from trading.tests.other_desk import OtherDesk, go_home


@pytest.fixture(scope="session")
def other_desks(django_db_setup, django_db_blocker):
    """`other_desks(n)`: n other processes that trade, started once and shared by all tests."""
    desks = []

    def open_desks(count):
        with django_db_blocker.unblock():
            desks.extend(OtherDesk() for _ in range(count - len(desks)))
        return desks[:count]

    yield open_desks
    go_home(desks)
