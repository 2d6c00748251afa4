"""The second factor: django-otp's devices, with their secrets kept as ours are kept."""

from typing import ClassVar

from django.db.models import Manager
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.secrets import decrypt_seed

# After n wrong codes in a row the next is looked at 2^(n-1) seconds later; not more than 256, or who knows the
# password could shut the owner out for good.
MOST_FAILURES_COUNTED = 9


class Authenticator(TOTPDevice):
    """An app that shows one-time codes. `confirmed` once a code of it was right; its seed is encrypted."""

    objects: ClassVar[Manager["Authenticator"]]
    throttling_failure_count: int

    class Meta:
        proxy = True

    @property
    def bin_key(self) -> bytes:
        return decrypt_seed(self.key, self.user_id)

    def throttle_increment(self, commit: bool = True) -> None:
        self.throttling_failure_count = min(self.throttling_failure_count, MOST_FAILURES_COUNTED - 1)
        super().throttle_increment(commit)


class RecoveryCodes(StaticDevice):
    """A user's recovery codes: its tokens are their hashes.

    Without a wait after a wrong one: nobody guesses 80 bits, and so the owner gets in however often somebody
    else makes the authenticator wait.
    """

    objects: ClassVar[Manager["RecoveryCodes"]]

    class Meta:
        proxy = True

    def get_throttle_factor(self) -> int:
        return 0
