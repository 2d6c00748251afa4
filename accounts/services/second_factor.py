"""Setting up a second factor, and taking it away. Whoever does either holds a lock on the user's row."""

import base64
import secrets
from typing import NamedTuple

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django_otp.plugins.otp_static.models import StaticToken

from accounts.models import Authenticator, RecoveryCodes, User
from accounts.secrets import encrypt_seed, hash_recovery_code
from accounts.services.api_keys import revoke_keys_that_withdraw
from accounts.services.log_in import check_password
from accounts.services.one_time_codes import is_enrolled, try_authenticator
from common.errors import ErrorCode, Refused

SEED_BYTES = 20  # 160 bits, as RFC 4226 recommends
RECOVERY_CODES = 10
RECOVERY_BYTES = 10  # 80 bits, 16 letters
MAX_REASON_CHARACTERS = 200


class Enrolment(NamedTuple):
    """What an authenticator app needs: the secret to type, or the address to scan."""

    secret: str
    uri: str


def enrol_second_factor(user: User, password: str, address: str) -> Enrolment:
    """A new seed for an authenticator app; it counts once a code of it was given to `confirm_second_factor`.

    Raises Refused as `check_password` does, CONFLICT if there is a second factor already.
    """
    _refuse_second(user)
    check_password(user.username, password, address)
    with transaction.atomic():
        _lock(user)
        _refuse_second(user)
        Authenticator.objects.filter(user=user).delete()
        seed = secrets.token_bytes(SEED_BYTES)
        device = Authenticator.objects.create(
            user=user, name="authenticator app", confirmed=False, key=encrypt_seed(seed, user.pk)
        )
    return Enrolment(base64.b32encode(seed).decode(), device.config_url)


def confirm_second_factor(user: User, code: str) -> list[str]:
    """From now on the user has a second factor. Its recovery codes, which cannot be shown again.

    Raises Refused CONFLICT if nothing waits for a code, INVALID_CODE, RATE_LIMITED.
    """
    with transaction.atomic():
        _lock(user)
        _refuse_second(user)
        device = Authenticator.objects.select_for_update().filter(user=user).first()
        if device is None:
            raise Refused(ErrorCode.CONFLICT, "Ask for a secret first.")
        refused = try_authenticator(device, code)
        if refused is None:
            device.confirmed = True
            device.save(update_fields=["confirmed"])
            return _new_codes(user)
    raise refused


def renew_recovery_codes(user: User, password: str, code: str | None, address: str) -> list[str]:
    """New recovery codes in place of the old ones. Raises Refused as `check_password` does, CONFLICT."""
    _check_second(user, password, code, address)
    with transaction.atomic():
        _lock(user)
        _demand_second(user)
        return _new_codes(user)


def disable_second_factor(user: User, password: str, code: str | None, address: str) -> None:
    """From now on the password alone signs in; keys that may withdraw, which take a second factor, are revoked.

    Raises Refused as `check_password` does, CONFLICT if there is none.
    """
    _check_second(user, password, code, address)
    with transaction.atomic():
        _lock(user)
        _forget(user)


def remove_second_factor(user: User, reason: str, by: User) -> None:
    """For who has lost it: the same, by a member of staff; the user's history in the admin tells who and why.

    Raises Refused VALIDATION_ERROR without a reason, PERMISSION_DENIED for oneself, CONFLICT if there is none.
    """
    reason = reason.strip()
    if not reason or len(reason) > MAX_REASON_CHARACTERS:
        message = f"Give a reason of at most {MAX_REASON_CHARACTERS} characters."
        raise Refused(ErrorCode.VALIDATION_ERROR, reason=[message])
    if user.pk == by.pk:
        raise Refused(ErrorCode.PERMISSION_DENIED, "Your own takes your password and a code.")
    with transaction.atomic():
        _lock(user)
        _demand_second(user)
        _forget(user)
        whom = User.objects.filter(pk=user.pk)
        message = f"Second factor removed: {reason}"
        LogEntry.objects.log_actions(by.pk, whom, CHANGE, message, single_object=True)


def _check_second(user: User, password: str, code: str | None, address: str) -> None:
    _demand_second(user)
    check_password(user.username, password, address, code)


def _forget(user: User) -> None:
    Authenticator.objects.filter(user=user).delete()
    RecoveryCodes.objects.filter(user=user).delete()
    revoke_keys_that_withdraw(user)


def _new_codes(user: User) -> list[str]:
    RecoveryCodes.objects.filter(user=user).delete()
    device = RecoveryCodes.objects.create(user=user, name="recovery codes")
    codes = [_random_code() for _ in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create(
        [StaticToken(device=device, token=hash_recovery_code(code, user.pk)) for code in codes]
    )
    return ["-".join(code[start : start + 4] for start in range(0, len(code), 4)) for code in codes]


def _random_code() -> str:
    return base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower()


def _lock(user: User) -> None:
    User.objects.select_for_update(no_key=True).get(pk=user.pk)


def _refuse_second(user: User) -> None:
    if is_enrolled(user):
        raise Refused(ErrorCode.CONFLICT, "There is a second factor already; disable it first.")


def _demand_second(user: User) -> None:
    if not is_enrolled(user):
        raise Refused(ErrorCode.CONFLICT, "No second factor is set up.")
