"""Tokens: issued, exchanged once, ended, and checked on every request.

Whoever issues or ends tokens of a user holds a lock on the user's row, so that a suspension, a log-out and
two refreshes at once happen one after another.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn, TypeVar

from django.db import transaction
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken, Token
from rest_framework_simplejwt.utils import aware_utcnow, datetime_from_epoch, get_md5_hash_password

from accounts.meters import failures_counted
from accounts.models import APIKey, Session, User
from accounts.services.api_keys import check_api_key
from accounts.services.bearers import verified
from accounts.services.ledger import open_account
from accounts.services.log_in import refuse_suspended
from accounts.services.sessions import (
    Visitor,
    close_session,
    end_sessions,
    note_use,
    open_session,
    prolong_session,
)
from accounts.tokens import KEY_CLAIM, SCOPES_CLAIM, SESSION_CLAIM, BearerToken, ExchangeToken
from common.errors import ErrorCode, Refused

NOBODY = Visitor()
AnyToken = TypeVar("AnyToken", bound=Token)


@dataclass(frozen=True, slots=True)
class TokenPair:
    """expires_in: seconds until the access token ends. is_staff: it opens what is for staff, as no key's does."""

    access: str
    refresh: str
    expires_in: int
    tier: str
    is_staff: bool


@failures_counted("token")
def issue_tokens(user: User, api_key: APIKey | None = None, visitor: Visitor = NOBODY) -> TokenPair:
    """A new session and its first pair, for a user whose credentials were checked.

    Raises Refused if suspended, or the password changed, meanwhile.
    """
    with transaction.atomic():
        locked = _lock_user(user.pk)
        if api_key is None and locked.password != user.password:
            raise Refused(ErrorCode.INVALID_CREDENTIALS)  # the one that was checked has just been changed
        refuse_suspended(locked)
        open_account(locked)  # also for users made by hand, such as `createsuperuser`
        return _issue(locked, open_session(locked, Session.Kind.TOKEN, visitor, _ends(), api_key))


def renew_tokens(user: User, session_id: int) -> TokenPair:
    """A pair of a session that goes on, for a user whose row the caller has locked."""
    session = Session.objects.select_related("api_key").get(pk=session_id)
    prolong_session(session, _ends())
    return _issue(user, session)


@failures_counted("token")
def refresh_tokens(refresh: str, address: str) -> TokenPair:
    """A new pair of the same session for a refresh token, which thereby ends.

    Presented once more it ends the session: two have it, and nobody can tell who stole it (RFC 9700, 4.14.2).
    Raises Refused INVALID_TOKEN, ACCOUNT_SUSPENDED.
    """
    token = _read(ExchangeToken, refresh)
    with transaction.atomic():
        user = _lock_user(token.get(api_settings.USER_ID_CLAIM))
        session = _session_of(token, address)
        if _end(token):
            prolong_session(session, _ends())
            return _issue(user, session)
        close_session(session.pk)
    _invalid("The token was used before; its session has ended.")


@failures_counted("token")
def end_tokens(refresh: str) -> None:
    """Logs out: ends the session, also if the refresh token was used before.

    Raises Refused INVALID_TOKEN if the refresh token was not valid any more.
    """
    token = _read(ExchangeToken, refresh)
    with transaction.atomic():
        _lock_user(token.get(api_settings.USER_ID_CLAIM))
        ended = _end(token)
        close_session(token.get(SESSION_CLAIM))
    if not ended:
        _invalid()


@failures_counted("token")
def authenticate_token(access: str, address: str) -> tuple[User, BearerToken]:
    """Who makes a request with this access token from this address; `token.api_key` is set for a key's token.

    Raises Refused INVALID_TOKEN, ACCOUNT_SUSPENDED. Nothing but that the signature is right is remembered from
    earlier requests, so that suspending a user, changing a password, and revoking a key or a session count at once.
    """
    token = _read(verified, access)
    session = _session_of(token, address)
    note_use(session)
    token.api_key = session.api_key
    return session.user, token


def end_all_tokens(user: User, but: int | None = None) -> None:
    """Ends every refresh token of a user, whose row the caller has locked, and every session, but the one given."""
    end_sessions(user, but)
    open_tokens = OutstandingToken.objects.filter(user=user, blacklistedtoken=None)
    BlacklistedToken.objects.bulk_create([BlacklistedToken(token=token) for token in open_tokens])


def _ends() -> datetime:
    return aware_utcnow() + api_settings.REFRESH_TOKEN_LIFETIME


def _issue(user: User, session: Session) -> TokenPair:
    refresh, api_key = RefreshToken(), session.api_key
    refresh[api_settings.USER_ID_CLAIM] = str(user.pk)
    refresh[api_settings.REVOKE_TOKEN_CLAIM] = get_md5_hash_password(user.password)
    refresh[SESSION_CLAIM] = session.pk
    if api_key is not None:
        refresh[KEY_CLAIM] = api_key.pk
        refresh[SCOPES_CLAIM] = list(api_key.scopes)
    # Without the token itself, which for_user() would keep in the clear: its id is enough to end it.
    OutstandingToken.objects.create(
        user=user,
        jti=refresh[api_settings.JTI_CLAIM],
        created_at=refresh.current_time,
        expires_at=datetime_from_epoch(refresh["exp"]),
    )
    seconds = int(api_settings.ACCESS_TOKEN_LIFETIME.total_seconds())
    is_staff = user.is_staff and api_key is None
    return TokenPair(str(refresh.access_token), str(refresh), seconds, user.tier, is_staff)


def _end(token: ExchangeToken) -> bool:
    """Whether it had not ended before."""
    found = OutstandingToken.objects.filter(jti=token[api_settings.JTI_CLAIM], blacklistedtoken=None).first()
    if found is not None:
        BlacklistedToken.objects.create(token=found)
    return found is not None


def _read(kind: Callable[[Any], AnyToken], raw: str) -> AnyToken:
    try:
        return kind(raw)
    except (TokenError, KeyError, ValueError):
        _invalid()


def _lock_user(user_id: Any) -> User:
    user = User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    if user is None:
        _invalid()
    return user


def _session_of(token: Token, address: str) -> Session:
    """The session that a token came of, if it, its user and its API key may act now, from this address."""
    rows = Session.objects.select_related("user__account", "api_key")
    user_id = token.get(api_settings.USER_ID_CLAIM)
    session = rows.filter(pk=token.get(SESSION_CLAIM), user=user_id).first()
    if session is None:
        _invalid("The session does not exist any more.")
    _check_user(token, session.user)
    _check_key(token, session, address)
    if session.revoked_at is not None:
        _invalid("You were signed out.")
    return session


def _check_user(token: Token, user: User) -> None:
    password_was = token.get(api_settings.REVOKE_TOKEN_CLAIM)
    if not user.is_active or password_was != get_md5_hash_password(user.password):
        _invalid()
    refuse_suspended(user)


def _check_key(token: Token, session: Session, address: str) -> None:
    key = session.api_key
    if token.get(KEY_CLAIM) != session.api_key_id or (key is not None and key.user_id != session.user_id):
        _invalid("The API key does not exist any more.")
    if key is not None:
        check_api_key(key, address)


def _invalid(message: str = "") -> NoReturn:
    raise Refused(ErrorCode.INVALID_TOKEN, message)
