"""What must never be true of a running exchange's settings; `manage.py check` and `preflight` say so.

The decisions are pure functions of a few values, so that each can be tested without a server.
"""

import ipaddress
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from market.feeds.outside import FEEDS

LEAST_KEY_LENGTH = 40
GOOD_KEY_LENGTH = 50  # what Django's own check for deployment asks for
LEAST_KEY_CHARACTERS = 10

# Keys that stand in this repository, or that a generator marks as insecure: everybody knows them.
_PUBLIC_KEYS = ("only-for-development-", "django-insecure-", "for-tests-only-")


def check_settings(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """The checks of this project that need no database."""
    checks = (secret_key, demo_in_public, debug_in_public, limits, transactions, feeds, encryption, metrics)
    return [message for check in checks for message in check()]


def secret_key() -> list[CheckMessage]:
    if settings.DEBUG or _is_strong(settings.SECRET_KEY, allow_public=settings.DEMO):
        return []
    text = "SECRET_KEY is short, simple or publicly known: whoever knows it can sign in as anybody."
    hint = f"Set a random one of {GOOD_KEY_LENGTH} characters or more."
    return [Error(text, hint=hint, id="bourse.E001")]


def demo_in_public() -> list[CheckMessage]:
    strangers = foreign_hosts(settings.ALLOWED_HOSTS)
    if not settings.DEMO or not strangers:
        return []
    text = f"Demo mode, whose administrator's password is public, would answer for {', '.join(strangers)}."
    return [Error(text, hint="Unset BOURSE_DEMO or ALLOWED_HOSTS.", id="bourse.E002")]


def debug_in_public() -> list[CheckMessage]:
    strangers = foreign_hosts(settings.ALLOWED_HOSTS)
    if not settings.DEBUG or not strangers:
        return []
    text = f"DEBUG, whose error pages show settings and data, would answer for {', '.join(strangers)}."
    return [Error(text, hint="Unset DEBUG or ALLOWED_HOSTS.", id="bourse.E003")]


def limits() -> list[CheckMessage]:
    if settings.RATE_LIMIT_ENABLED or settings.DEMO:
        return []
    return [Error("Request limits are off outside demo mode.", id="bourse.E004")]


def transactions() -> list[CheckMessage]:
    """The matching service acknowledges after its own commit, so nothing may be wrapped around it."""
    database = settings.DATABASES["default"]
    if not database.get("ATOMIC_REQUESTS") and database.get("AUTOCOMMIT", True):
        return []
    text = "ATOMIC_REQUESTS is on or AUTOCOMMIT off: an order could be acknowledged before it is committed."
    return [Error(text, id="bourse.E005")]


def feeds() -> list[CheckMessage]:
    """Prices from outside need somebody who is asked for them, each once."""
    named = settings.INDEX_FEEDS
    if named and set(named) <= set(FEEDS) and len(set(named)) == len(named):
        return []
    text = f"INDEX_FEEDS is {', '.join(named) or 'empty'}: name one or more of {', '.join(FEEDS)}, each once."
    return [Error(text, id="bourse.E006")]


def metrics() -> list[CheckMessage]:
    """Who may look at /metrics is a list of addresses and networks, and not everybody."""
    for entry in settings.METRICS_ALLOW:
        try:
            network = ipaddress.ip_network(entry)
        except ValueError:
            text = f"METRICS_ALLOW: {entry!r} is neither an address nor a network."
            return [Error(text, hint="For example 10.0.0.0/8,::1", id="bourse.E010")]
        if network.prefixlen == 0 and not settings.DEMO:
            return [Warning("METRICS_ALLOW lets everybody look at /metrics.", id="bourse.W010")]
    return []


def encryption() -> list[CheckMessage]:
    if settings.DEMO or settings.DEBUG or settings.TLS:
        return []
    text = "TLS is off: passwords and tokens travel in the clear unless something in front encrypts them."
    return [Warning(text, id="bourse.W001")]


def _is_strong(key: str, allow_public: bool) -> bool:
    long_enough = len(key) >= LEAST_KEY_LENGTH and len(set(key)) >= LEAST_KEY_CHARACTERS
    return long_enough and (allow_public or not key.startswith(_PUBLIC_KEYS))


def foreign_hosts(hosts: Iterable[str]) -> list[str]:
    """Those that are not this machine. A wildcard is everybody."""
    return [host for host in hosts if not _is_this_machine(host)]


def _is_this_machine(host: str) -> bool:
    # Django's test runner adds "testserver", which no name server resolves.
    if host in ("testserver", "localhost", ".localhost") or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
