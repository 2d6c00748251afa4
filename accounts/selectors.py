"""Reads about who owns what."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.core.cache import cache
from django.db.models import Q, QuerySet
from django_otp.plugins.otp_static.models import StaticToken
from rest_framework_simplejwt.utils import get_md5_hash_password

from accounts.models import Account, Authenticator, Balance, Posting, Session, User
from common import clock


def balances(account_id: int) -> list[Balance]:
    """What an account has, by asset."""
    return list(Balance.objects.filter(account_id=account_id).order_by("asset"))


def postings(account_id: int, before_id: int | None, limit: int) -> list[Posting]:
    """An account's postings with their transactions, newest first; `before_id` continues an earlier answer."""
    rows = Posting.objects.filter(account_id=account_id).select_related("transaction").order_by("-id")
    if before_id is not None:
        rows = rows.filter(id__lt=before_id)
    return list(rows[:limit])


def account_of_user(user_id: int) -> Account | None:
    return Account.objects.filter(user_id=user_id).first()


def margin_account_of(account_id: int) -> Account | None:
    """The margin account beside a user's own account."""
    return Account.objects.filter(owner_id=account_id).first()


def account_ids_together_with(account_id: int) -> list[int]:
    """A user's own account and, behind it, the margin account if there is one."""
    beside = Account.objects.filter(owner_id=account_id).values_list("pk", flat=True)
    return [account_id, *beside]


class SecondFactor(NamedTuple):
    """enabled_at: None without one. recovery_codes_left: those that were not used yet."""

    enabled_at: datetime | None
    recovery_codes_left: int


def second_factor_of(user: User) -> SecondFactor:
    device = Authenticator.objects.filter(user=user, confirmed=True).first()
    if device is None:
        return SecondFactor(None, 0)
    return SecondFactor(device.created_at, StaticToken.objects.filter(device__user=user).count())


LEDGER_WATCH = "watch_ledger:1"  # in the cache; the number changes with the fields below


class LedgerWatch(NamedTuple):
    """What accounts.services.watch_ledger found. postings, balances: by asset, by how much they do not sum to zero,
    if they do not.

    checked_to: all transactions up to this number are settled and were looked at. found: those that were not zero.
    unchecked: how many numbers of transactions the walk is behind the newest.
    """

    checked_to: int
    found: tuple[int, ...]
    postings: dict[str, Decimal]
    balances: dict[str, Decimal]
    unchecked: int
    checked_at_ms: int


def ledger_watch() -> LedgerWatch | None:
    """The newest; None if there was none since the cache was emptied."""
    found: LedgerWatch | None = cache.get(LEDGER_WATCH)
    return found


def live_sessions(user: User) -> QuerySet[Session]:
    """Where the user is signed in now, in person or by an API key."""
    now = clock.now()
    own_or_good_key = Q(api_key=None) | (
        Q(api_key__revoked_at=None) & (Q(api_key__expires_at=None) | Q(api_key__expires_at__gt=now))
    )
    return Session.objects.filter(
        own_or_good_key,
        user=user,
        revoked_at=None,
        expires_at__gt=now,
        password_mark=get_md5_hash_password(user.password),
    )
