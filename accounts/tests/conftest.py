"""Alice, Bob and Carol, and an administrator."""

import pytest
from rest_framework.test import APIClient

from accounts.services import register_user
from accounts.tests.authenticator import stopped_clock
from accounts.tests.people import PASSWORD, desk_of
from common.tests.minute import endless_minute


@pytest.fixture(autouse=True)
def limits_off(settings):
    """A test that is not about limits does not meet them."""
    settings.RATE_LIMIT_ENABLED = settings.RATELIMIT_ENABLE = False


@pytest.fixture
def client():
    """A stranger; an error in the server is an answer here, as it is for a real client."""
    return APIClient(raise_request_exception=False)


@pytest.fixture
def alice(db):
    return register_user("alice", "alice@example.com", PASSWORD)


@pytest.fixture
def bob(db):
    return register_user("bob", "bob@example.com", PASSWORD)


@pytest.fixture
def carol(db):
    return register_user("carol", "carol@example.com", PASSWORD)


@pytest.fixture
def admin(db):
    user = register_user("admin", "admin@example.com", PASSWORD)
    user.is_staff = user.is_superuser = True
    user.save()
    return user


@pytest.fixture
def alices_desk(alice):
    return desk_of("alice")


@pytest.fixture
def limits_on(limits_off, settings, monkeypatch):
    """Limits as in production, in a minute that does not end, counted apart from other tests."""
    return endless_minute(settings, monkeypatch)


@pytest.fixture
def clock(monkeypatch):
    return stopped_clock(monkeypatch)
