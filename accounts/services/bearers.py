"""Who bears a token, at the price of one statement or of none: for the fast lanes.

What can be remembered is: that a token's signature is right does not change. Whether the user and the key still
may is asked of the database each time, so that a suspension, a new password or a revoked key counts at once:
either here, before anything is done (`find_bearer`), or by whoever does it, under its own lock (`find_standing`).
"""

import copy
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.utils import aware_utcnow, get_md5_hash_password

from accounts.services.api_keys import LAST_USED_EVERY
from accounts.services.sessions import is_stale
from accounts.tokens import PERSONAL_SCOPES, BearerToken
from common import clock
from common.pipelined import Answer, Pipeline

MOST_REMEMBERED = 10_000

_STANDING = """
    SELECT u.id, c.key_id, s.id, u.is_active AND u.suspended_at IS NULL, u.password, u.tier, a.id, s.last_used_at,
           k.id, k.scopes, k.revoked_at, k.expires_at, k.last_used_at, k.allowed_addresses
    FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS c(user_id, key_id, session_id)
    JOIN accounts_user u ON u.id = c.user_id
    JOIN accounts_account a ON a.user_id = u.id
    JOIN accounts_session s ON s.id = c.session_id AND s.user_id = u.id AND s.revoked_at IS NULL
    LEFT JOIN accounts_apikey k ON k.id = c.key_id AND k.user_id = u.id"""

_verified: dict[str, BearerToken] = {}
_bearers: "dict[str, Bearer]" = {}


class Bearer(NamedTuple):
    """Somebody who may act, as the database has it; equal to another if nothing of it has changed.

    key_id: the API key that the token was made from; None if a person signed in. session_id: the log-in that the
    token came of. password_mark: changes with the password, and is in each token.
    """

    user_id: int
    account_id: int
    tier: str
    key_id: int | None
    session_id: int
    scopes: frozenset[str]
    password_mark: str


def verified(access: str) -> BearerToken:
    """The token with its signature and its time checked. Raises TokenError, KeyError or ValueError.

    The caller's own to change. Only the signature is remembered: verifying it is the dearest part of a request.
    """
    known = _verified.get(access)
    if known is None:
        known = BearerToken(access)  # type: ignore[arg-type]
        if len(_verified) >= MOST_REMEMBERED:
            _verified.clear()
            _bearers.clear()
        _verified[access] = known
    token = copy.copy(known)
    token.current_time = aware_utcnow()
    token.check_exp()
    return token


def find_bearer(access: str) -> Bearer | None:
    """Whose token it is, if it plainly opens the doors of its scopes now; None: ask `authenticate_token`.

    None too for a key that is bound to addresses, and for a key or a session whose use is to be noted again.
    """
    try:
        token = verified(access)
        user_id, session_id = int(token[api_settings.USER_ID_CLAIM]), token.session_id
    except (TokenError, KeyError, ValueError):
        return None
    connection.ensure_connection()
    with connection.wrap_database_errors:
        pipeline = Pipeline(connection.connection)
        answer = pipeline.add(_STANDING, [user_id], [token.key_id], [session_id])
        pipeline.run()
    found = next(iter(standing(answer.rows)), None)
    if found is None or found.password_mark != token.get(api_settings.REVOKE_TOKEN_CLAIM):
        return None
    return found


def remembered_bearer(access: str) -> Bearer | None:
    """As `find_bearer`, but it may be what an earlier request found.

    Only for who has it checked again (`find_standing`) in the transaction that acts on it.
    """
    known = _bearers.get(access)
    if known is None:
        known = find_bearer(access)
        if known is not None:
            _bearers[access] = known
        return known
    try:
        verified(access)
    except (TokenError, KeyError, ValueError):
        return None
    return known


def forget_bearer(access: str) -> None:
    _bearers.pop(access, None)


def find_standing(pipeline: Pipeline, bearers: Iterable[Bearer]) -> Answer:
    """Rows for `standing`: who of these may act now is in there as he was; any other is not, or has changed."""
    each = sorted({(bearer.user_id, bearer.key_id or 0, bearer.session_id) for bearer in bearers})
    users, keys, sessions = ([row[column] for row in each] for column in range(3))
    return pipeline.add(_STANDING, users, [key or None for key in keys], sessions)


def standing(rows: Iterable[Sequence[Any]]) -> set[Bearer]:
    now = clock.now()
    bearers = (_bearer(now, *row) for row in rows)
    return {bearer for bearer in bearers if bearer is not None}


def _bearer(
    now: datetime,
    user_id: int,
    asked_key_id: int | None,
    session_id: int,
    may_act: bool,
    password: str,
    tier: str,
    account_id: int,
    session_used_at: datetime,
    *key: Any,
) -> Bearer | None:
    scopes = PERSONAL_SCOPES if asked_key_id is None else _scopes_of_key(now, *key)
    if not may_act or not scopes or is_stale(session_used_at, now):
        return None
    return Bearer(
        user_id, account_id, tier, asked_key_id, session_id, scopes, get_md5_hash_password(password)
    )


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
