"""How credentials are kept: API keys as hashes, signing secrets encrypted."""

import base64
import hashlib
from functools import lru_cache

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


def hash_key(key: str) -> str:
    """SHA-256 in hex. Enough for a key, which is random: nothing can be guessed from its hash."""
    return hashlib.sha256(key.encode()).hexdigest()


def encrypt_secret(secret: str) -> bytes:
    return _cipher(settings.SECRET_KEY).encrypt(secret.encode())


def decrypt_secret(encrypted: bytes) -> str:
    """The secret in the clear, to check a signature. Raises InvalidToken if SECRET_KEY is another one now."""
    return _cipher(settings.SECRET_KEY).decrypt(bytes(encrypted)).decode()


@lru_cache(maxsize=2)
def _cipher(secret_key: str) -> Fernet:
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"bourse: secrets of API keys")
    return Fernet(base64.urlsafe_b64encode(derivation.derive(secret_key.encode())))
