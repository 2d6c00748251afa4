"""Checking credentials."""

from django.conf import settings
from django.db.models.functions import Lower

from accounts.models import APIKey, User
from accounts.secrets import hash_key
from accounts.services.api_keys import check_api_key
from accounts.services.one_time_codes import demand_code
from common.api.address import address_group
from common.errors import ErrorCode, Refused
from common.limits import count


def check_password(username: str, password: str, address: str, code: str | None = None) -> User:
    """The user whom a name (in any case of letters), a password and, with a second factor, a code belong to.

    Raises Refused INVALID_CREDENTIALS, RATE_LIMITED after LOGIN_LIMIT failures within a minute from one
    address or for one user, and only for the right password ACCOUNT_SUSPENDED, TWO_FACTOR_REQUIRED, INVALID_CODE.
    """
    doors = [f"address:{address_group(address)}", f"user:{username.lower()}"]
    _refuse_too_many(doors)
    user = User.objects.alias(name=Lower("username")).filter(name=username.lower()).first()
    if user is None:
        # The same work as for a wrong password: the time taken must not say who exists.
        User().set_password(password)
    if user is None or not user.check_password(password) or not user.is_active:
        _note_failure(doors)
        raise Refused(ErrorCode.INVALID_CREDENTIALS)
    refuse_suspended(user)
    try:
        demand_code(user, code)
    except Refused as refused:
        if refused.code is ErrorCode.INVALID_CODE:
            _note_failure(doors)
        raise
    return user


def check_key(key: str, address: str) -> APIKey:
    """The API key itself, usable from this address. Raises Refused as `check_password` does."""
    doors = [f"address:{address_group(address)}"]
    _refuse_too_many(doors)
    found = APIKey.objects.select_related("user").filter(key_hash=hash_key(key)).first()
    if found is None or not found.user.is_active:
        _note_failure(doors)
        raise Refused(ErrorCode.INVALID_CREDENTIALS)
    check_api_key(found, address, ErrorCode.INVALID_CREDENTIALS)
    refuse_suspended(found.user)
    return found


def refuse_suspended(user: User) -> None:
    if user.is_suspended:
        raise Refused(ErrorCode.ACCOUNT_SUSPENDED, reason=user.suspended_reason)


def _refuse_too_many(doors: list[str]) -> None:
    for door in doors:
        usage = count("log-in", door, settings.LOGIN_LIMIT, increment=False)
        if usage is not None and usage.count >= usage.limit:
            raise Refused(
                ErrorCode.RATE_LIMITED,
                "Too many failed attempts; wait as long as Retry-After says.",
                retry_after=usage.reset_seconds,
            )


def _note_failure(doors: list[str]) -> None:
    # Only failures count: many people may sign in from one address.
    for door in doors:
        count("log-in", door, settings.LOGIN_LIMIT)
