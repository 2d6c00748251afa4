"""Hashing passwords, and keeping secrets."""

import threading

import pytest
from cryptography.fernet import InvalidToken
from django.contrib.auth.hashers import check_password, identify_hasher, make_password

from accounts import hashers
from accounts.secrets import decrypt_secret, encrypt_secret
from accounts.tests.people import PASSWORD
from common.errors import ErrorCode, Refused


def test_passwords_are_hashed_with_argon2id_in_19_mebibytes():
    encoded = make_password(PASSWORD)
    assert encoded.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert check_password(PASSWORD, encoded) and not check_password("wrong", encoded)
    assert not identify_hasher(encoded).must_update(encoded)


def test_only_so_many_passwords_are_hashed_at_once(monkeypatch):
    """More threads than places: as many as there are places get in, the others wait for one to leave."""
    inside, most = 0, 0
    count, full, leave = threading.Lock(), threading.Event(), threading.Event()

    def encode(self, password, salt):
        nonlocal inside, most
        with count:
            inside += 1
            most = max(most, inside)
            if inside == hashers.SIMULTANEOUS_HASHES:
                full.set()
        leave.wait(10)
        with count:
            inside -= 1
        return "hash"

    monkeypatch.setattr(hashers.Argon2PasswordHasher, "encode", encode)
    crowd = [threading.Thread(target=make_password, args=(PASSWORD,)) for _ in range(20)]
    for thread in crowd:
        thread.start()
    assert full.wait(10)
    leave.set()
    for thread in crowd:
        thread.join(10)
    assert most == hashers.SIMULTANEOUS_HASHES


def test_who_waits_too_long_is_told_to_come_back(monkeypatch):
    monkeypatch.setattr(hashers, "WAIT_SECONDS", 0)
    taken = [hashers._slots.acquire() for _ in range(hashers.SIMULTANEOUS_HASHES)]
    try:
        with pytest.raises(Refused) as refused:
            make_password(PASSWORD)
        assert refused.value.code is ErrorCode.UNAVAILABLE
    finally:
        for _ in taken:
            hashers._slots.release()


def test_a_secret_is_read_back_only_with_the_same_secret_key(settings):
    encrypted = encrypt_secret("open sesame")
    assert b"sesame" not in encrypted and encrypted != encrypt_secret("open sesame")
    assert decrypt_secret(memoryview(encrypted)) == "open sesame"
    settings.SECRET_KEY = "another" * 10
    with pytest.raises(InvalidToken):
        decrypt_secret(encrypted)
