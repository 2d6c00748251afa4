"""The operators' desk: Django's admin over accounts, market and trading.

It stands in this room because suspending a user and halting a market reach into the book. Everything that
changes something goes through the services, asks for a reason and leaves an entry in the history.

| who | may |
| --- | --- |
| staff with `view_*` of a model | look at it |
| `accounts.change_user` | suspend, resume, revoke API keys, remove a lost second factor, of people who are not staff |
| | set their tier and verification |
| `accounts.add_ledgertransaction` | adjust a balance, top up an insurance fund |
| `risk.change_contract`, `_bracket`, `_tierlimit`, `_exposurelimit` | edit what may be risked |
| `market.change_market` | open, halt, set to cancel-only, edit fees |
| `trading.change_order` | cancel orders |
| `risk.change_lendingterms` | edit on what terms assets are lent |
| superuser | all of it, and all that concerns staff |
"""

from trading.admin import (
    contracts,
    ledger,
    lending,
    liquidations,
    markets,
    orders,
    positions,
    prices,
    staff_actions,
    tokens,
    trades,
    users,
)

__all__ = [
    "contracts",
    "ledger",
    "lending",
    "liquidations",
    "markets",
    "orders",
    "positions",
    "prices",
    "staff_actions",
    "tokens",
    "trades",
    "users",
]
