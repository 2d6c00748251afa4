"""What `manage.py check` refuses in the settings, and what it lets pass."""

import os
import subprocess
import sys

import pytest
from django.core import checks as django_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from exchange_site import checks

STRONG = "kV7x-2mPq9_LzR4tWbY8nCdE1fGhJ5sAu3iOo6vT0wQeXk"


@pytest.fixture(autouse=True)
def production(settings):
    settings.DEBUG = settings.DEMO = False
    settings.SECRET_KEY = STRONG
    settings.ALLOWED_HOSTS = ["bourse.example.com"]
    settings.RATE_LIMIT_ENABLED = settings.TLS = True
    return settings


def ids():
    return [message.id for message in checks.check_settings()]


def test_sound_production_settings_pass():
    assert ids() == []


def test_the_checks_are_registered():
    assert checks.check_settings in django_checks.registry.registry.get_checks()


def test_manage_check_refuses_what_we_refuse(production):
    production.SECRET_KEY = "short"
    with pytest.raises(SystemCheckError, match=r"bourse\.E001"):
        call_command("check")


@pytest.mark.parametrize(
    "key",
    [
        "short",
        STRONG[:39],
        "a" * 60,
        "abc" * 20,
        "only-for-development-with-debug-on-0123456789",
        "django-insecure-" + STRONG,
        "for-tests-only-" + STRONG,
    ],
)
def test_a_weak_or_public_key_is_refused(production, key):
    production.SECRET_KEY = key
    assert ids() == ["bourse.E001"]


def test_a_key_of_forty_mixed_characters_is_enough(production):
    production.SECRET_KEY = STRONG[:40]
    assert ids() == []


def test_debug_on_this_machine_may_have_any_key(production):
    production.DEBUG, production.ALLOWED_HOSTS, production.SECRET_KEY = True, ["localhost"], "short"
    assert ids() == []


def test_a_demo_needs_a_strong_key_too(production):
    production.DEMO, production.ALLOWED_HOSTS, production.SECRET_KEY = True, ["localhost"], "short"
    assert ids() == ["bourse.E001"]


@pytest.mark.parametrize(
    "host", ["*", "bourse.example.com", ".example.com", "192.168.1.5", "0.0.0.0", "[::]"]
)
def test_a_demo_answers_for_this_machine_only(production, host):
    production.DEMO, production.ALLOWED_HOSTS = True, ["127.0.0.1", host]
    assert ids() == ["bourse.E002"]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "[::1]", "bourse.localhost"])
def test_a_demo_on_this_machine_passes(production, host):
    production.DEMO, production.ALLOWED_HOSTS = True, [host]
    assert ids() == []


def test_debug_in_public_is_refused(production):
    production.DEBUG = True
    assert ids() == ["bourse.E003"]


def test_limits_off_in_production_are_refused(production):
    production.RATE_LIMIT_ENABLED = False
    assert ids() == ["bourse.E004"]


@pytest.mark.parametrize("wrong", [{"ATOMIC_REQUESTS": True}, {"AUTOCOMMIT": False}])
def test_a_transaction_around_requests_is_refused(production, monkeypatch, wrong):
    monkeypatch.setitem(production.DATABASES, "default", production.DATABASES["default"] | wrong)
    assert ids() == ["bourse.E005"]


def test_production_without_tls_is_only_warned_of(production):
    production.TLS = False
    assert ids() == ["bourse.W001"]
    assert not any(message.is_serious() for message in checks.check_settings())


@pytest.mark.parametrize("named", [[], ["reuters"], ["binance", "reuters"], ["kraken", "kraken"]])
def test_feeds_that_there_are_not_are_refused(production, named):
    production.INDEX_FEEDS = named
    assert ids() == ["bourse.E006"]


def test_several_feeds_pass(production):
    production.INDEX_FEEDS = ["coinbase", "kraken"]
    assert ids() == []


@pytest.mark.parametrize(
    ("allowed", "found"),
    [
        (["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"], []),
        ([], []),
        (["prometheus"], ["bourse.E010"]),
        (["10.0.0.1/8"], ["bourse.E010"]),
        (["127.0.0.1", "0.0.0.0/0"], ["bourse.W010"]),
        (["::/0"], ["bourse.W010"]),
    ],
)
def test_who_may_look_at_the_metrics_are_addresses_and_not_everybody(production, allowed, found):
    production.METRICS_ALLOW = allowed
    assert ids() == found


# What an operator sets, and nothing of a demo.
IN_PRODUCTION = {
    "SECRET_KEY": f"{STRONG}-and-more",
    "ALLOWED_HOSTS": "bourse.example.com",
    "TRUST_PROXY": "1",
    "REDIS_URL": "redis://redis:6379/0",
    "BROKER_URL": "amqp://bourse:secret@rabbitmq:5672//",
    "DATABASE_URL": "postgres://bourse:secret@postgres:5432/bourse",
}


def check_for_deployment(**more):
    environment = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "HOME") if name in os.environ}
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    environment |= IN_PRODUCTION | more
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("more", [{}, {"HSTS_SUBDOMAINS": "on", "HSTS_PRELOAD": "on"}], ids=str)
def test_the_check_for_deployment_is_clean_in_production_settings(more):
    done = check_for_deployment(**more)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert "no issues" in done.stdout


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"TLS": "off"}, "bourse.W001"),
        ({"TLS": "off"}, "security.W012"),
        ({"DEBUG": "on"}, "security.W018"),
        ({"SECRET_KEY": "short"}, "bourse.E001"),
        ({"ALLOWED_HOSTS": ""}, "security.W020"),
    ],
    ids=str,
)
def test_the_check_for_deployment_finds_what_is_not_fit(more, found):
    done = check_for_deployment(**more)
    assert done.returncode == 1 and found in done.stderr
