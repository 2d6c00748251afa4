"""One-time codes: of the authenticator app, or a recovery code. Each works once, also for two who send it at once."""

import logging
import math
import re

from cryptography.exceptions import InvalidTag
from django.db import transaction

from accounts.meters import failures_counted
from accounts.models import Authenticator, RecoveryCodes, User
from accounts.secrets import hash_recovery_code
from common import clock
from common.errors import ErrorCode, Refused
from common.limits import Scope
from common.meters import rate_limit_hits

logger = logging.getLogger(__name__)

AUTHENTICATOR_CODE = re.compile(r"[0-9]{6}", re.ASCII)
RECOVERY_CODE = re.compile(r"[a-z2-7]{16}", re.ASCII)


def is_enrolled(user: User) -> bool:
    """Whether the user has set up a second factor."""
    return Authenticator.objects.filter(user=user, confirmed=True).exists()


@failures_counted("password")
def demand_code(user: User, code: str | None) -> None:
    """As `use_code`, of somebody who is signed in."""
    use_code(user, code)


def use_code(user: User, code: str | None) -> None:
    """Lets pass who has no second factor, or gives a code of it, which is thereby used up.

    Raises Refused TWO_FACTOR_REQUIRED without a code, INVALID_CODE, RATE_LIMITED while the authenticator waits
    after wrong codes.
    """
    if not is_enrolled(user):
        return
    if not code:
        raise Refused(ErrorCode.TWO_FACTOR_REQUIRED)
    refused = _try_recovery_code(user, code) if _is_recovery_code(code) else _try_authenticator(user, code)
    if refused is not None:
        raise refused


def try_authenticator(device: Authenticator, code: str) -> Refused | None:
    """Why a code is not taken; None if it was, and is used up. The caller has locked the device's row.

    A value and no exception: that a wrong code is counted must be committed.
    """
    allowed, why = device.verify_is_allowed()
    if not allowed:
        seconds = max(1, math.ceil((why["locked_until"] - clock.now()).total_seconds()))
        rate_limit_hits.labels(Scope.LOG_IN.value).inc()
        message = "Too many wrong codes; wait as long as Retry-After says, or use a recovery code."
        return Refused(ErrorCode.RATE_LIMITED, message, retry_after=seconds)
    digits = code.replace(" ", "")
    if not AUTHENTICATOR_CODE.fullmatch(digits) or not _fits(device, digits):
        return Refused(ErrorCode.INVALID_CODE)
    return None


def _fits(device: Authenticator, digits: str) -> bool:
    try:
        return bool(device.verify_token(digits))
    except InvalidTag:  # recovery codes still open the door
        logger.error("the seed of user %s was encrypted with another SECRET_KEY", device.user_id)
        return False


def _try_authenticator(user: User, code: str) -> Refused | None:
    with transaction.atomic():
        device = Authenticator.objects.select_for_update().filter(user=user, confirmed=True).first()
        return try_authenticator(device, code) if device else Refused(ErrorCode.INVALID_CODE)


def _try_recovery_code(user: User, code: str) -> Refused | None:
    with transaction.atomic():
        device = RecoveryCodes.objects.select_for_update().filter(user=user).first()
        hashed = hash_recovery_code(_letters(code), user.pk)
        accepted = device is not None and device.verify_token(hashed)
    return None if accepted else Refused(ErrorCode.INVALID_CODE)


def _is_recovery_code(code: str) -> bool:
    return bool(RECOVERY_CODE.fullmatch(_letters(code)))


def _letters(code: str) -> str:
    """A recovery code without what makes it legible: `ABCD-efgh ...`."""
    return code.replace("-", "").replace(" ", "").lower()
