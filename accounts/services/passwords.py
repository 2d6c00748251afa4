"""What a password has to be."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.models import User
from common.errors import ErrorCode, Refused


def check_new_password(user: User, password: str, field: str) -> None:
    """Raises Refused VALIDATION_ERROR, naming the field, for a password that is easy to guess."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Refused(ErrorCode.VALIDATION_ERROR, **{field: error.messages}) from error
