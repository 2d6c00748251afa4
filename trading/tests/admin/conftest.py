import pytest

from accounts.models import User
from trading.tests.admin.office import browser_of, hire
from trading.tests.desk import TradingDesk
from trading.tests.laws import broken_laws


@pytest.fixture(autouse=True)
def limits_off(settings):
    settings.RATE_LIMIT_ENABLED = settings.RATELIMIT_ENABLE = False


@pytest.fixture
def desk(transactional_db):
    """Alice, Bob and Carol with funds; whatever the office does, the laws hold afterwards."""
    desk = TradingDesk()
    yield desk
    assert broken_laws() == []


@pytest.fixture
def alice(desk):
    return User.objects.get(username="alice")


@pytest.fixture
def bob(desk):
    return User.objects.get(username="bob")


@pytest.fixture
def admin(db):
    return hire("admin", is_superuser=True)


@pytest.fixture
def office(admin):
    """The administrator's browser."""
    return browser_of(admin)


@pytest.fixture
def clerk(db):
    """`clerk("accounts.view_user")`: the browser of a clerk who may do just that."""

    def browser(*permissions):
        return browser_of(hire("clerk", *permissions))

    return browser
