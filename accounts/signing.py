"""What a signed request signs, and whether a signature fits it. Pure: no clock, no database, no framework.

docs/signing.md tells clients the same.
"""

import base64
import binascii
import hashlib
import hmac
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

PUBLIC_KEY_BYTES = 32
SIGNATURE_BYTES = 64
_HEX_SIGNATURE = re.compile(r"[0-9A-Fa-f]{64}", re.ASCII)
_SIGN_BIT = 0x80
# The y coordinates, little-endian, of the points of small order: with such a key a signature fits many texts.
_SMALL_ORDER = frozenset(
    bytes.fromhex(text)
    for text in (
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
    )
)


def signed_text(timestamp: str, window: str, method: str, path: str, query: bytes, body: bytes) -> bytes:
    """Everything that decides what a request does, in six lines.

    timestamp, window: milliseconds, as text. path: without escapes. query: as it was sent, without the "?".
    Only the path can hold a line break, so no two requests have the same text.
    """
    digest = hashlib.sha256(body).hexdigest()
    head = (part.encode() for part in (timestamp, window, method, path))
    return b"\n".join([*head, query, digest.encode()])


def fits_secret(secret: str, text: bytes, signature: str) -> bool:
    """Whether a signature in hex is the HMAC-SHA256 of the text; compared in constant time."""
    if not _HEX_SIGNATURE.fullmatch(signature):
        return False
    return hmac.compare_digest(hmac.digest(secret.encode(), text, "sha256"), bytes.fromhex(signature))


def fits_public_key(public_key: str, text: bytes, signature: str) -> bool:
    """Whether a signature in base64 is the Ed25519 signature of the text by the owner of the key."""
    raw = _base64(signature, SIGNATURE_BYTES)
    if raw is None:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key)).verify(raw, text)
    except InvalidSignature:
        return False
    return True


def read_public_key(text: str) -> str:
    """An Ed25519 public key in its one spelling: base64 of its 32 bytes. Takes that, or PEM.

    Raises ValueError for anything else, and for a key with which signatures prove nothing.
    """
    raw = _from_pem(text) if text.lstrip().startswith("-----") else _base64(text, PUBLIC_KEY_BYTES)
    if raw is None:
        raise ValueError("not an Ed25519 public key")
    if raw[:-1] + bytes([raw[-1] & ~_SIGN_BIT]) in _SMALL_ORDER:
        raise ValueError("a key of small order")
    return base64.b64encode(raw).decode()


def _from_pem(text: str) -> bytes | None:
    try:
        key = load_pem_public_key(text.encode())
    except Exception as error:  # the library names several, and not all of them
        raise ValueError("not a public key in PEM") from error
    return key.public_bytes_raw() if isinstance(key, Ed25519PublicKey) else None


def _base64(text: str, length: int) -> bytes | None:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):  # ValueError: not ASCII
        return None
    return raw if len(raw) == length else None
