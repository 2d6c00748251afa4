"""The forms of Django's own log-in pages: they ask for the one-time code too."""

from typing import Any

from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import authenticate
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError

from common.errors import ErrorCode

MAX_CODE_CHARACTERS = 32
# What is said to whoever gave the right password, or has to wait. Anything else is a wrong log-in, and no more.
TOLD = (ErrorCode.TWO_FACTOR_REQUIRED, ErrorCode.INVALID_CODE, ErrorCode.RATE_LIMITED)


class CodeForm(AuthenticationForm):
    """User name, password, and the one-time code of who has a second factor."""

    otp = forms.CharField(
        required=False,
        max_length=MAX_CODE_CHARACTERS,
        label="One-time code",
        help_text="If you have set up a second factor: the code of your app, or a recovery code.",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autocapitalize": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        """Instead of Django's, which asks for a name and a password only."""
        name, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if name is not None and password and "otp" in self.cleaned_data:
            otp = self.cleaned_data["otp"] or None
            self.user_cache = authenticate(self.request, username=name, password=password, otp=otp)
            if self.user_cache is None:
                raise self._why()
            self.confirm_login_allowed(self.user_cache)
        return self.cleaned_data

    def _why(self) -> ValidationError:
        refused = getattr(self.request, "log_in_refused", None)
        if refused is not None and refused.code in TOLD:
            return ValidationError(refused.message, code=refused.code.name.lower())
        return self.get_invalid_login_error()


class AdminCodeForm(CodeForm, AdminAuthenticationForm):
    """The same for the admin, which lets in staff only."""
