import pytest


@pytest.fixture(autouse=True)
def limits_off(settings):
    settings.RATE_LIMIT_ENABLED = settings.RATELIMIT_ENABLE = False
