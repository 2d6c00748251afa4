"""A new user."""

from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.services.ledger import open_account
from accounts.services.passwords import check_new_password
from common.errors import ErrorCode, Refused


def register_user(username: str, email: str, password: str) -> User:
    """Makes a user with a ledger account.

    Raises Refused VALIDATION_ERROR for a weak password, CONFLICT naming the field if the user name or the
    e-mail address is taken, in whatever case of letters.
    """
    user = User(username=username, email=User.objects.normalize_email(email))
    check_new_password(user, password, "password")
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            open_account(user)
    except IntegrityError as error:
        raise _taken(error) from error
    return user


def _taken(error: IntegrityError) -> Refused:
    """Which field was taken, by the name of the constraint that refused: it alone decides races."""
    diagnosis = getattr(error.__cause__, "diag", None)
    constraint = getattr(diagnosis, "constraint_name", None) or ""
    if "email" in constraint:
        return Refused(ErrorCode.CONFLICT, email=["This e-mail address is already registered."])
    if "username" in constraint:
        return Refused(ErrorCode.CONFLICT, username=["This user name is already taken."])
    raise error
