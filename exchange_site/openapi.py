"""What the description of the API says of every operation: what it counts as, and the headers of limits."""

from typing import Any

from common.api.throttling import cost_of
from common.limits import Scope

METHODS = ("get", "post", "put", "patch", "delete")
_COUNTERS = {
    Scope.REQUESTS: "requests",
    Scope.ORDERS: "orders, which have a limit of their own",
    Scope.CANCELS: "cancels, which have a roomier limit of their own",
    Scope.SIGN_INS: "sign-ins, which have a limit of their own",
}
HEADERS = {
    "X-RateLimit-Limit": "the most a minute of the counter that this request counted in",
    "X-RateLimit-Remaining": "what is left of it",
    "X-RateLimit-Reset": "seconds until its minute ends",
}


def tell_costs(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """A hook of drf-spectacular, run when all else is described."""
    for address, item in result["paths"].items():
        for method in METHODS:
            if method in item:
                _tell(item[method], method.upper(), address)
    return result


def _tell(operation: dict[str, Any], method: str, address: str) -> None:
    cost = cost_of(method, address)
    operation["x-rate-limit"] = {"counter": cost.scope.value, "weight": cost.weight.text}
    if operation.get("description"):
        operation["description"] += f"\n\nWeighs {cost.weight.text}, counted among {_COUNTERS[cost.scope]}."
    over = operation["responses"]["429"]
    over["headers"] = {name: _integer(text) for name, text in HEADERS.items()} | {
        "X-RateLimit-Scope": {
            "schema": {"type": "string", "enum": [scope.value for scope in (*_COUNTERS, Scope.ADDRESS)]},
            "description": "which counter that is",
        },
        "Retry-After": _integer("seconds to wait"),
    }


def _integer(text: str) -> dict[str, Any]:
    return {"schema": {"type": "integer"}, "description": text}
