"""API keys: made, checked, revoked."""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from ipaddress import ip_network

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from accounts.models import APIKey, User
from accounts.secrets import encrypt_secret, hash_key
from accounts.services.one_time_codes import is_enrolled
from accounts.services.sessions import end_sessions_of_keys
from accounts.signing import read_public_key
from common import clock
from common.api.address import is_allowed
from common.errors import ErrorCode, Refused

MAX_KEYS = 30
MAX_ADDRESSES = 50
HINT_CHARACTERS = 8
LAST_USED_EVERY = timedelta(minutes=1)


def create_api_key(
    user: User,
    name: str,
    scopes: Iterable[str],
    allowed_addresses: Iterable[str] = (),
    expires_at: datetime | None = None,
    public_key: str | None = None,
    *,
    key: str | None = None,
    secret: str | None = None,
) -> tuple[APIKey, str, str | None]:
    """A new key: its row, the key, and the secret for signatures. Neither can be shown again.

    public_key: whose owner signs with Ed25519; then no secret is made. key, secret: fixed ones, for demo users
    only. Raises Refused VALIDATION_ERROR for bad scopes, addresses, expiry or public key, CONFLICT if the user has
    too many keys or the public key was registered before, TWO_FACTOR_REQUIRED for `withdraw` without a second
    factor.
    """
    key = key or secrets.token_urlsafe(32)
    secret = None if public_key else secret or secrets.token_urlsafe(48)
    row = APIKey(
        user=user,
        name=name,
        key_hash=hash_key(key),
        key_hint=key[:HINT_CHARACTERS],
        secret_encrypted=encrypt_secret(secret) if secret else None,
        public_key=_clean_public_key(public_key) if public_key else None,
        scopes=_clean_scopes(scopes),
        allowed_addresses=_clean_addresses(allowed_addresses),
        expires_at=_clean_expiry(expires_at),
    )
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)  # keys of one user are counted one by one
        if APIKey.Scope.WITHDRAW in row.scopes and not is_enrolled(user):
            raise Refused(
                ErrorCode.TWO_FACTOR_REQUIRED, "Set up a second factor first: withdrawing takes one."
            )
        if active_api_keys(user).count() >= MAX_KEYS:
            raise Refused(ErrorCode.CONFLICT, f"A user has at most {MAX_KEYS} API keys.")
        _insert(row)
    return row, key, secret


def keep_demo_key(user: User, key: str, secret: str) -> None:
    """The key and the secret that everybody knows, for demo users only. Safe to repeat."""
    known = APIKey.objects.filter(user=user, key_hash=hash_key(key))
    if not known.update(secret_encrypted=encrypt_secret(secret)):
        create_api_key(user, "demo", [APIKey.Scope.READ, APIKey.Scope.TRADE], key=key, secret=secret)


def revoke_api_key(user: User, key_id: int) -> None:
    """Ends a key and every token made from it, at once. Raises Refused NOT_FOUND if it is not the user's."""
    if not _revoke(active_api_keys(user).filter(pk=key_id)):
        raise Refused(ErrorCode.NOT_FOUND, "You have no such API key.")


def revoke_keys_that_withdraw(user: User) -> None:
    """For who has no second factor any more; the caller has locked the user's row."""
    _revoke(active_api_keys(user).filter(scopes__contains=[APIKey.Scope.WITHDRAW]))


def _revoke(keys: QuerySet[APIKey]) -> int:
    """With their sessions; how many keys."""
    ids = list(keys.values_list("pk", flat=True))
    revoked = APIKey.objects.filter(pk__in=ids, revoked_at=None).update(revoked_at=clock.now())
    end_sessions_of_keys(ids)
    return revoked


def active_api_keys(user: User) -> QuerySet[APIKey]:
    """The keys that were not revoked; expired ones among them."""
    return APIKey.objects.filter(user=user, revoked_at=None)


def check_api_key(key: APIKey, address: str, code: ErrorCode = ErrorCode.INVALID_TOKEN) -> None:
    """Raises Refused if the key may not be used, now, from this address; notes that it was used otherwise."""
    now = clock.now()
    if key.revoked_at is not None:
        raise Refused(code, "The API key was revoked.")
    if key.expires_at is not None and key.expires_at <= now:
        raise Refused(code, "The API key has expired.")
    if not is_allowed(address, key.allowed_addresses):
        raise Refused(code, "The API key may not be used from this address.")
    if key.last_used_at is None or key.last_used_at <= now - LAST_USED_EVERY:
        _note_use(key, now)


def _note_use(key: APIKey, now: datetime) -> None:
    """At most once a minute, even for many requests at the same moment: reads must not become writes."""
    stale = Q(last_used_at=None) | Q(last_used_at__lte=now - LAST_USED_EVERY)
    APIKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)


def _insert(row: APIKey) -> None:
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise Refused(ErrorCode.CONFLICT, "This key or public key was registered before.") from error


def _clean_scopes(scopes: Iterable[str]) -> list[str]:
    asked = set(scopes)
    known = [scope.value for scope in APIKey.Scope]
    if not asked or not asked <= set(known):
        raise Refused(ErrorCode.VALIDATION_ERROR, scopes=["Must be one or more of read, trade, withdraw."])
    return [scope for scope in known if scope in asked]


def _clean_addresses(addresses: Iterable[str]) -> list[str]:
    cleaned = list(dict.fromkeys(_clean_address(text) for text in addresses))
    if len(cleaned) > MAX_ADDRESSES:
        raise Refused(ErrorCode.VALIDATION_ERROR, allowed_addresses=[f"At most {MAX_ADDRESSES} entries."])
    return cleaned


def _clean_address(text: str) -> str:
    try:
        if "%" in text:
            raise ValueError("a zone means something on one machine only")
        network = ip_network(text)
    except ValueError as error:
        message = f'"{text[:64]}" is not an IP address or network such as "10.0.0.0/8".'
        raise Refused(ErrorCode.VALIDATION_ERROR, allowed_addresses=[message]) from error
    return str(network.network_address if network.num_addresses == 1 else network)


def _clean_public_key(text: str) -> str:
    try:
        return read_public_key(text)
    except ValueError as error:
        message = "Must be an Ed25519 public key: its 32 bytes in base64, or PEM."
        raise Refused(ErrorCode.VALIDATION_ERROR, public_key=[message]) from error


def _clean_expiry(expires_at: datetime | None) -> datetime | None:
    if expires_at is not None and expires_at <= clock.now():
        raise Refused(ErrorCode.VALIDATION_ERROR, expires_at=["Must be in the future."])
    return expires_at
