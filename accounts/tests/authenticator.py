"""An authenticator app, and the clock by which codes count in these tests."""

import hmac
import struct
import time
from base64 import b32decode
from datetime import UTC, datetime
from types import SimpleNamespace

from accounts.tests.people import PASSWORD

TWO_FACTOR = "/api/v1/auth/two-factor"
STEP_SECONDS = 30


class App:
    """What somebody has on the phone: it shows codes by RFC 6238."""

    def __init__(self, secret, clock=None):
        self._seed = b32decode(secret)
        self._clock = clock

    def code(self, steps=0):
        """The code of now, or of so many half minutes later."""
        seconds = self._clock.seconds if self._clock else time.time()
        counter = struct.pack(">Q", int(seconds) // STEP_SECONDS + steps)
        digest = hmac.digest(self._seed, counter, "sha1")
        start = digest[-1] & 15
        number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
        return f"{number % 1_000_000:06d}"

    def next_code(self):
        """One that was not shown before."""
        self._clock.seconds += STEP_SECONDS
        return self.code()

    def wrong_code(self):
        near = {self.code(steps) for steps in range(-2, 3)}
        return next(
            text for text in ("000000", "111111", "222222", "333333", "444444", "555555") if text not in near
        )


def stopped_clock(monkeypatch):
    """Time as the second factor knows it: it stands still until a test moves `seconds`."""
    clock = SimpleNamespace(seconds=1_800_000_010)

    def now():
        return datetime.fromtimestamp(clock.seconds, UTC)

    monkeypatch.setattr(
        "django_otp.plugins.otp_totp.models.time", SimpleNamespace(time=lambda: clock.seconds)
    )
    monkeypatch.setattr("django_otp.models.timezone", SimpleNamespace(now=now))
    monkeypatch.setattr("accounts.services.one_time_codes.clock", SimpleNamespace(now=now))
    return clock


def enrol(desk, clock=None, password=PASSWORD):
    """Sets up a second factor: the app and the recovery codes."""
    seed = desk.post(f"{TWO_FACTOR}/enrol", {"password": password})
    assert seed.status_code == 200, seed.content
    app = App(seed.json()["secret"], clock)
    confirmed = desk.post(f"{TWO_FACTOR}/confirm", {"otp": app.code()})
    assert confirmed.status_code == 200, confirmed.content
    return app, confirmed.json()["recovery_codes"]
