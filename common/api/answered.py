"""What is known of a request once it was answered, for whoever counts and logs."""

from typing import NamedTuple

WHOSE = "bourse.whose"  # in a WebSocket's scope: where who found out notes its `user_id` and `key_id`
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Answered(NamedTuple):
    """endpoint: the pattern of the address, such as "/api/v1/orders/{order_id}"; "unmatched" for
    none of ours, "/api/unmatched" for none of the API's.

    view: the name of its view. method: OTHER if it is none of METHODS. seconds: from the request to its answer.
    code: the refusal's, empty for none. user_id, key_id: who asked, if that was found out.
    """

    endpoint: str
    view: str
    method: str
    status: int
    seconds: float
    code: str
    request_id: str
    address: str
    user_id: int | None = None
    key_id: int | None = None


def known_method(method: str | None) -> str:
    """For labels: whatever a client sends, there are only so many."""
    return method if method in METHODS else "OTHER"
