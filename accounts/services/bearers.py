"""Who bears a token, at the price of one statement: for the fast lanes.

What can be remembered is: that a token's signature is right does not change. Whether the user and the key still
may is asked of the database each time, so that a suspension, a new password or a revoked key counts at once.
"""

import copy
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.utils import aware_utcnow, get_md5_hash_password

from accounts.services.api_keys import LAST_USED_EVERY
from accounts.tokens import PERSONAL_SCOPES, BearerToken
from common import clock
from common.pipelined import Pipeline

MOST_REMEMBERED = 10_000

_BEARER = """
    SELECT u.is_active AND u.suspended_at IS NULL, u.password, u.tier, a.id,
           k.id, k.scopes, k.revoked_at, k.expires_at, k.last_used_at, k.allowed_addresses
    FROM accounts_user u
    JOIN accounts_account a ON a.user_id = u.id
    LEFT JOIN accounts_apikey k ON k.id = %s AND k.user_id = u.id
    WHERE u.id = %s"""

_verified: dict[str, BearerToken] = {}


class Bearer(NamedTuple):
    """key_id: the API key that the token was made from; None if a person signed in."""

    user_id: int
    account_id: int
    tier: str
    key_id: int | None
    scopes: frozenset[str]


def verified(access: str) -> BearerToken:
    """The token with its signature and its time checked. Raises TokenError, KeyError or ValueError.

    The caller's own to change. Only the signature is remembered: verifying it is the dearest part of a request.
    """
    known = _verified.get(access)
    if known is None:
        known = BearerToken(access)  # type: ignore[arg-type]
        if len(_verified) >= MOST_REMEMBERED:
            _verified.clear()
        _verified[access] = known
    token = copy.copy(known)
    token.current_time = aware_utcnow()
    token.check_exp()
    return token


def find_bearer(access: str) -> Bearer | None:
    """Whose token it is, if it plainly opens the doors of its scopes now; None: ask `authenticate_token`.

    None too for a key that is bound to addresses, or whose use is to be noted again.
    """
    try:
        token = verified(access)
        user_id = int(token[api_settings.USER_ID_CLAIM])
    except (TokenError, KeyError, ValueError):
        return None
    row = _read(token.key_id, user_id)
    if (
        row is None
        or not row[0]
        or token.get(api_settings.REVOKE_TOKEN_CLAIM) != get_md5_hash_password(row[1])
    ):
        return None
    if token.key_id is None:
        return Bearer(user_id, row[3], row[2], None, PERSONAL_SCOPES)
    scopes = _scopes_of_key(clock.now(), *row[4:])
    return Bearer(user_id, row[3], row[2], token.key_id, scopes) if scopes else None


def _scopes_of_key(
    now: datetime,
    key_id: int | None,
    scopes: list[str],
    revoked_at: datetime | None,
    expires_at: datetime | None,
    last_used_at: datetime | None,
    allowed_addresses: list[str],
) -> frozenset[str]:
    """What a key may do; nothing if that takes a closer look."""
    if key_id is None or revoked_at is not None or allowed_addresses:
        return frozenset()
    if expires_at is not None and expires_at <= now:
        return frozenset()
    if last_used_at is None or last_used_at <= now - LAST_USED_EVERY:
        return frozenset()
    return frozenset(scopes)


def _read(key_id: int | None, user_id: int) -> tuple[Any, ...] | None:
    connection.ensure_connection()
    with connection.wrap_database_errors:
        pipeline = Pipeline(connection.connection)
        row = pipeline.add(_BEARER, key_id, user_id)
        pipeline.run()
    return row.one()
