"""How credentials are kept: API keys and recovery codes as hashes, signing secrets and seeds encrypted."""

import base64
import hashlib
import secrets
from functools import lru_cache

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

NONCE_BYTES = 12


def hash_key(key: str) -> str:
    """SHA-256 in hex. Enough for a key, which is random: nothing can be guessed from its hash."""
    return hashlib.sha256(key.encode()).hexdigest()


def encrypt_secret(secret: str) -> bytes:
    return _cipher(settings.SECRET_KEY).encrypt(secret.encode())


def decrypt_secret(encrypted: bytes | memoryview) -> str:
    """The secret in the clear, to check a signature. Raises InvalidToken if SECRET_KEY is another one now."""
    return _cipher(settings.SECRET_KEY).decrypt(bytes(encrypted)).decode()


def encrypt_seed(seed: bytes, user_id: int) -> str:
    """The seed of an authenticator app as text that fits its column (80 characters); good for this user only."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = _seed_cipher(settings.SECRET_KEY).encrypt(nonce, seed, str(user_id).encode())
    return base64.b64encode(nonce + sealed).decode()


def decrypt_seed(text: str, user_id: int) -> bytes:
    """Raises InvalidTag if SECRET_KEY is another one now, or the seed somebody else's."""
    sealed = base64.b64decode(text)
    cipher = _seed_cipher(settings.SECRET_KEY)
    return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], str(user_id).encode())


def hash_recovery_code(code: str, user_id: int) -> str:
    """16 characters, as many as its column takes: 96 bits of a SHA-256. A code has 80 random bits."""
    digest = hashlib.sha256(f"{user_id}:{code}".encode()).digest()
    return base64.urlsafe_b64encode(digest[:12]).decode()


@lru_cache(maxsize=2)
def _cipher(secret_key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_derived(secret_key, b"bourse: secrets of API keys")))


@lru_cache(maxsize=2)
def _seed_cipher(secret_key: str) -> AESGCM:
    return AESGCM(_derived(secret_key, b"bourse: seeds of authenticators"))


def _derived(secret_key: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret_key.encode())
