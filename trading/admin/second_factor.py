"""Removing a second factor that was lost."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest

from accounts.models import User
from accounts.services import remove_second_factor
from common.errors import Refused

TEXT = (
    "For somebody who has lost the phone and the recovery codes: make sure who asks. From now on the password "
    "alone signs in. API keys that may withdraw are revoked."
)


def remove(request: HttpRequest, user: User, reason: str) -> None:
    """In the name of who asks, who is told what came of it."""
    by: Any = request.user
    try:
        remove_second_factor(user, reason, by)
    except Refused as refused:
        messages.warning(request, refused.message)
    else:
        messages.success(request, f"{user} signs in with the password alone now.")
