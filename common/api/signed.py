"""How a request says that it is signed with an API key (docs/signing.md)."""

from collections.abc import Mapping
from typing import Any

KEY = "HTTP_X_API_KEY"
TIMESTAMP = "HTTP_X_TIMESTAMP"
WINDOW = "HTTP_X_RECV_WINDOW"
SIGNATURE = "HTTP_X_SIGNATURE"


def is_signed(environ: Mapping[str, Any]) -> bool:
    """Whether it means to be: half of the headers is a mistake to be told of, and not a request of nobody's."""
    return KEY in environ or SIGNATURE in environ
