"""Checking credentials."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db.models.functions import Lower

from accounts.meters import failures_counted
from accounts.models import APIKey, User
from accounts.secrets import hash_key
from accounts.services.api_keys import check_api_key
from accounts.services.one_time_codes import use_code
from common.api.address import address_group
from common.errors import ErrorCode, Refused
from common.limits import Counter, Scope, Usage, tally
from common.meters import rate_limit_hits

WRONG_GUESSES = (ErrorCode.INVALID_CREDENTIALS, ErrorCode.INVALID_CODE)


@failures_counted("password")
def check_password(username: str, password: str, address: str, code: str | None = None) -> User:
    """The user whom a name (in any case of letters), a password and, with a second factor, a code belong to.

    Raises Refused INVALID_CREDENTIALS, RATE_LIMITED after LOGIN_LIMIT failures within a minute from one address
    or LOGIN_USER_LIMIT for one user, and only for the right password ACCOUNT_SUSPENDED, TWO_FACTOR_REQUIRED,
    INVALID_CODE.
    """
    # The user's door is the wider one: whoever knows a name can fail there, and must not so keep its owner out.
    with _guess(_from(address), Counter(Scope.LOG_IN, f"user:{username.lower()}", settings.LOGIN_USER_LIMIT)):
        user = User.objects.alias(name=Lower("username")).filter(name=username.lower()).first()
        if user is None:
            # The same work as for a wrong password: the time taken must not say who exists.
            User().set_password(password)
        if user is None or not user.check_password(password) or not user.is_active:
            raise Refused(ErrorCode.INVALID_CREDENTIALS)
        refuse_suspended(user)
        use_code(user, code)
    return user


@failures_counted("api_key")
def check_key(key: str, address: str) -> APIKey:
    """The API key itself, usable from this address. Raises Refused as `check_password` does."""
    with _guess(_from(address)):
        found = APIKey.objects.select_related("user").filter(key_hash=hash_key(key)).first()
        if found is None or not found.user.is_active:
            raise Refused(ErrorCode.INVALID_CREDENTIALS)
    # Who has a key that ended has guessed nothing.
    check_api_key(found, address, ErrorCode.INVALID_CREDENTIALS)
    refuse_suspended(found.user)
    return found


def refuse_suspended(user: User) -> None:
    if user.is_suspended:
        raise Refused(ErrorCode.ACCOUNT_SUSPENDED, reason=user.suspended_reason)


def _from(address: str) -> Counter:
    return Counter(Scope.LOG_IN, f"address:{address_group(address)}", settings.LOGIN_LIMIT)


@contextmanager
def _guess(*doors: Counter) -> Iterator[None]:
    """One guess, which tells something only if fewer have failed at each of its doors than its limit.

    The counter is asked before, which spares the work; and after, when it is known how the guess came out: of many
    that were let in at the same moment, the ones above the limit learn nothing, right or wrong. Only failures
    count: many people may sign in from one address.
    """
    _refuse_too_many(_usage(doors))
    try:
        yield
    except Refused as refused:
        wrong = refused.code in WRONG_GUESSES
        _refuse_too_many(_usage(doors, failed=wrong), already_counted=wrong)
        raise
    _refuse_too_many(_usage(doors))


def _usage(doors: tuple[Counter, ...], failed: bool = False) -> list[Usage]:
    """How many guesses have failed at each door, this one included if it did; empty when limits are lifted."""
    found = [tally(door, int(failed)) for door in doors]
    return [usage for usage in found if usage is not None]


def _refuse_too_many(used: list[Usage], already_counted: bool = False) -> None:
    full = [usage for usage in used if usage.used - already_counted >= usage.limit]
    if full:
        rate_limit_hits.labels(Scope.LOG_IN.value).inc()
        raise Refused(
            ErrorCode.RATE_LIMITED,
            "Too many failed attempts; wait as long as Retry-After says.",
            retry_after=max(usage.reset_seconds for usage in full),
        )
