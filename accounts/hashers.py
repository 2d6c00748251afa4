"""Password hashing that many log-ins at once cannot turn into an outage."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from django.contrib.auth.hashers import Argon2PasswordHasher

from common.errors import ErrorCode, Refused

SIMULTANEOUS_HASHES = 4
WAIT_SECONDS = 10

_slots = BoundedSemaphore(SIMULTANEOUS_HASHES)


class BoundedArgon2PasswordHasher(Argon2PasswordHasher):
    """Argon2id with 19 MiB and two passes (about 20 ms), at most four at a time in a process (76 MiB).

    Django's own choice, 100 MiB and eight threads, takes 10 GB for a hundred log-ins at once.
    """

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        with _slot():
            return str(super().encode(password, salt))

    def verify(self, password: str, encoded: str) -> bool:
        with _slot():
            return bool(super().verify(password, encoded))


@contextmanager
def _slot() -> Iterator[None]:
    """One of the process's places to hash. Raises Refused UNAVAILABLE after ten seconds in the queue."""
    if not _slots.acquire(timeout=WAIT_SECONDS):
        raise Refused(ErrorCode.UNAVAILABLE, "Too many people are signing in just now.")
    try:
        yield
    finally:
        _slots.release()
