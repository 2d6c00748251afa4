"""The names of our addresses."""

import re
from functools import lru_cache

_CONVERTER = re.compile(r"<(?:[^:>]+:)?([^>]+)>")


@lru_cache(maxsize=1024)
def pattern(route: str) -> str:
    """Django's "api/v1/orders/<str:order_id>" as everybody else writes it: "/api/v1/orders/{order_id}"."""
    return "/" + _CONVERTER.sub(r"{\1}", route)
