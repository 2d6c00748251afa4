"""Requests that are signed with an API key: checked, and each accepted once.

docs/decisions/0021-signed-requests.md says why it is done this way.
"""

import hashlib
import logging
import re
from datetime import datetime, timedelta
from typing import NamedTuple

from cryptography.fernet import InvalidToken
from django.db import connection

from accounts.meters import failures_counted
from accounts.models import APIKey, SpentSignature, User
from accounts.secrets import decrypt_secret, hash_key
from accounts.services.api_keys import check_api_key
from accounts.services.log_in import refuse_suspended
from accounts.signing import fits_public_key, fits_secret, signed_text
from accounts.tokens import KeySignature
from common import clock
from common.errors import ErrorCode, Refused

logger = logging.getLogger(__name__)

DEFAULT_WINDOW_MS = 5_000
MAX_WINDOW_MS = 60_000
MAX_AHEAD_MS = 1_000
# A row is kept for longer than its request counts, by as much as the clocks of our servers may differ.
KEPT_AFTERWARDS = timedelta(minutes=5)

_KEY = re.compile(r"[!-~]{1,128}", re.ASCII)
_NUMBER = re.compile(r"0|[1-9][0-9]{0,14}", re.ASCII)

# For this statement alone the commit does not wait for the disk: see the decision.
_SPEND = """
    INSERT INTO accounts_spentsignature (key_id, digest, expires_at)
    SELECT %s, %s, %s WHERE set_config('synchronous_commit', 'off', true) = 'off'
    ON CONFLICT DO NOTHING"""


class SignedRequest(NamedTuple):
    """As it came. query: without the "?", as it was sent."""

    key: str
    timestamp: str
    window: str
    signature: str
    method: str
    path: str
    query: bytes
    body: bytes
    address: str


@failures_counted("api_key")
def authenticate_signed(request: SignedRequest) -> tuple[User, KeySignature]:
    """Who signed a request that is accepted now, and never again.

    Raises Refused: INVALID_SIGNATURE, which does not say whether there is such a key; TIMESTAMP_OUT_OF_WINDOW;
    REQUEST_REPLAYED; and, to who holds the key, INVALID_CREDENTIALS if it was revoked, has expired or may not be
    used from this address, and ACCOUNT_SUSPENDED.
    """
    # 1 its time, which needs no look at anything
    sent_ms, window_ms = _read_time(request)
    _refuse_other_times(sent_ms, window_ms)
    # 2 the key, and the signature of everything the request does
    text = signed_text(
        request.timestamp, str(window_ms), request.method, request.path, request.query, request.body
    )
    key = _find_key(request.key)
    if key is None or b"\n" in request.query or not _fits(key, text, request.signature):
        raise Refused(ErrorCode.INVALID_SIGNATURE)
    # 3 may this key act, now, from here
    if not key.user.is_active:
        raise Refused(ErrorCode.INVALID_CREDENTIALS)
    refuse_suspended(key.user)
    check_api_key(key, request.address, ErrorCode.INVALID_CREDENTIALS)
    # 4 once
    _spend(key, text, clock.from_ms(sent_ms + window_ms))
    return key.user, KeySignature(key)


def forget_spent_signatures() -> int:
    """Deletes what is too old to be sent again; how many rows."""
    deleted, _ = SpentSignature.objects.filter(expires_at__lt=clock.now() - KEPT_AFTERWARDS).delete()
    return deleted


def _read_time(request: SignedRequest) -> tuple[int, int]:
    window = request.window or str(DEFAULT_WINDOW_MS)
    if not _NUMBER.fullmatch(request.timestamp):
        raise Refused(ErrorCode.INVALID_SIGNATURE, "X-Timestamp must be milliseconds since 1970-01-01 UTC.")
    if not _NUMBER.fullmatch(window) or not 1 <= int(window) <= MAX_WINDOW_MS:
        raise Refused(ErrorCode.INVALID_SIGNATURE, f"X-Recv-Window must be from 1 to {MAX_WINDOW_MS} ms.")
    return int(request.timestamp), int(window)


def _refuse_other_times(sent_ms: int, window_ms: int) -> None:
    now_ms = clock.to_ms(clock.now())
    if not now_ms - window_ms <= sent_ms <= now_ms + MAX_AHEAD_MS:
        raise Refused(
            ErrorCode.TIMESTAMP_OUT_OF_WINDOW, server_time=now_ms, timestamp=sent_ms, recv_window=window_ms
        )


def _find_key(key: str) -> APIKey | None:
    if not _KEY.fullmatch(key):
        return None
    return APIKey.objects.select_related("user__account").filter(key_hash=hash_key(key)).first()


def _fits(key: APIKey, text: bytes, signature: str) -> bool:
    if key.public_key is not None:
        return fits_public_key(key.public_key, text, signature)
    assert key.secret_encrypted is not None, "the database holds one of the two"
    try:
        return fits_secret(decrypt_secret(key.secret_encrypted), text, signature)
    except InvalidToken:
        logger.error("the secret of API key %s was encrypted with another SECRET_KEY", key.pk)
        return False


def _spend(key: APIKey, text: bytes, expires_at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_SPEND, [key.pk, hashlib.sha256(text).digest(), expires_at])
        if not cursor.rowcount:
            raise Refused(ErrorCode.REQUEST_REPLAYED)
