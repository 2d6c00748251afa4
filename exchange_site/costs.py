"""The one table of what requests weigh; what is not in it counts as one request.

Orders have a counter of their own, and so have cancels and sign-ins: who is out of the one can still get out, and
who shares an address with somebody who asks too much can still get in.
"""

import environ

from common.api.costs import Cost, fixed, per_hundred, per_leg, per_order
from common.limits import Scope

_LIST = Cost(Scope.REQUESTS, per_hundred("limit"))
_ORDER = Cost(Scope.ORDERS, fixed(1))
_SIGN_IN = Cost(Scope.SIGN_INS, fixed(1))
_CANCEL = Cost(Scope.CANCELS, fixed(1))

COSTS: dict[str, Cost] = {
    # Orders, however they are placed or changed
    "POST /api/v1/orders": _ORDER,
    "POST /api/v1/orders/batch": Cost(Scope.ORDERS, per_order(most=100)),
    "POST /api/v1/orders/oco": Cost(Scope.ORDERS, fixed(2)),
    "POST /api/v1/orders/bracket": Cost(Scope.ORDERS, per_leg("entry", "take_profit", "stop_loss")),
    "PATCH /api/v1/orders/{reference}": _ORDER,
    "POST /api/v1/trades/": _ORDER,
    "POST /api/v1/positions/{symbol}/close": _ORDER,
    # The ways out
    "DELETE /api/v1/orders": _CANCEL,
    "DELETE /api/v1/orders/{reference}": _CANCEL,
    "POST /api/v1/orders/{reference}/cancel": _CANCEL,
    "POST /api/v1/orders/cancel-after": _CANCEL,
    # The way in
    "POST /api/v1/auth/token": _SIGN_IN,
    "POST /api/v1/auth/token/refresh": _SIGN_IN,
    "POST /api/v1/auth/logout": _SIGN_IN,
    # Lists and books, by how much of them is asked for
    "GET /api/v1/orderbook/{symbol}": Cost(Scope.REQUESTS, per_hundred("depth")),
    "GET /api/v1/klines/{symbol}": _LIST,
    "GET /api/v1/trades/{symbol}": _LIST,
    "GET /api/v1/trades/recent": _LIST,
    "GET /api/v1/funding/{symbol}": _LIST,
    "GET /api/v1/orders": _LIST,
    "GET /api/v1/fills": _LIST,
    "GET /api/v1/ledger": _LIST,
    "GET /api/v1/liquidations": _LIST,
    "GET /api/v1/api-keys": _LIST,
    "GET /api/v1/auth/sessions": _LIST,
    "GET /api/v1/margin/loans": _LIST,
    # What takes much work
    "GET /api/v1/exposure": Cost(Scope.REQUESTS, fixed(5)),
    "GET /api/v1/kpi/system": Cost(Scope.REQUESTS, fixed(2)),
    "GET /api/v1/kpi/trading": Cost(Scope.REQUESTS, fixed(2)),
    "GET /api/v1/kpi/security": Cost(Scope.REQUESTS, fixed(2)),
    "GET /api/schema": Cost(Scope.REQUESTS, fixed(10)),
}


def by_tier(env: environ.Env, variable: str, **defaults: int) -> dict[str, int]:
    """A limit of each tier, as "LIMIT_BEGINNER" and so on of the environment say."""
    return {tier: env.int(f"{variable}_{tier.upper()}", default) for tier, default in defaults.items()}
