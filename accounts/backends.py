"""The password door of Django's own log-in pages (admin, browsable API)."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.models import User
from accounts.services import check_password
from common.api.address import UNKNOWN, client_address
from common.errors import Refused


class GuardedBackend(ModelBackend):
    """The same check as for tokens: the same limits on failures, the same second factor, no entry for the suspended.

    Whatever page asks: without its code nobody gets in who has a second factor. Why somebody was refused stands in
    `request.log_in_refused`.
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        otp: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        if username is None or password is None:
            return None
        try:
            return check_password(username, password, client_address(request) if request else UNKNOWN, otp)
        except Refused as refused:
            if request is not None:
                request.log_in_refused = refused  # type: ignore[attr-defined]
            raise PermissionDenied(refused.message) from refused
