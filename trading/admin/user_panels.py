"""What a user's page shows beside the form: money, orders, trades, keys, history. Newest first, and bounded."""

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils.html import format_html

from accounts.models import Account, APIKey, User
from accounts.selectors import balances, margin_account_of, postings
from common.money import format_decimal
from risk.selectors.margin_account import open_loans
from trading import selectors
from trading.admin.cells import (
    NOTHING,
    Cell,
    Column,
    Panel,
    link,
    minute,
    moment,
    money,
    search_url,
    side,
)
from trading.admin.history import entries_about
from trading.presentation import fill_json

SHOWN = 10

Maker = Callable[[Account], Panel]


def beside(user: User, account: Account | None, reader: Any, may_revoke: bool) -> list[Panel]:
    """The short ones, of what the reader, a member of staff, has the permission to see."""
    return [*_permitted(account, reader, [_balances, _margin]), _api_keys(user, may_revoke), _history(user)]


def below(account: Account | None, reader: Any) -> list[Panel]:
    """The wide ones, likewise."""
    return _permitted(account, reader, [_open_orders, _trades, _postings])


def _permitted(account: Account | None, reader: Any, makers: list[Maker]) -> list[Panel]:
    if account is None:
        return []
    return [make(account) for make in makers if reader.has_perm(_PERMISSIONS[make])]


def _balances(account: Account) -> Panel:
    rows: list[list[Cell]] = [
        [row.asset, money(row.available), money(row.held), money(row.available + row.held)]
        for row in balances(account.pk)
    ]
    columns = [Column("Asset"), Column("Available", True), Column("Held", True), Column("Total", True)]
    return Panel("Balances", columns, rows, "No money yet.")


def _margin(account: Account) -> Panel:
    """The margin account: what it has, and what it owes."""
    beside = margin_account_of(account.pk)
    loans = {loan.asset_id: loan for loan in open_loans(beside.pk)} if beside else {}
    rows: list[list[Cell]] = [
        [
            row.asset, money(row.available), money(row.held),
            link("risk_loan", loans[row.asset].pk, money(loans[row.asset].debt)) if row.asset in loans else NOTHING,
        ]
        for row in (balances(beside.pk) if beside else [])
    ]  # fmt: skip
    columns = [Column("Asset"), Column("Available", True), Column("Held", True), Column("Owed", True)]
    url = search_url("accounts_posting", beside.name) if beside else ""
    return Panel("Margin account", columns, rows, "Never used.", url)


def _open_orders(account: Account) -> Panel:
    rows: list[list[Cell]] = [
        [
            link("trading_order", order.id, order.id), order.market.symbol, side(order.side),
            money(order.price), money(order.quantity), money(order.filled_quantity), moment(order.created_at),
        ]
        for order in selectors.open_orders(account.pk)[:SHOWN]
    ]  # fmt: skip
    columns = [
        Column("Order"), Column("Market"), Column("Side"), Column("Price", True), Column("Quantity", True),
        Column("Filled", True), Column("Placed"),
    ]  # fmt: skip
    url = search_url("trading_order", account.name)
    return Panel("Newest open orders", columns, rows, "No open orders.", url)


def _trades(account: Account) -> Panel:
    rows: list[list[Cell]] = []
    for trade in selectors.fills(account.pk)[:SHOWN]:
        fill = fill_json(trade, account.pk)
        rows.append(
            [
                link("trading_trade", trade.pk, trade.pk), fill["symbol"], side(fill["side"]), fill["role"],
                fill["price"], fill["quantity"], f"{fill['fee']} {fill['fee_asset']}", moment(trade.created_at),
            ]
        )  # fmt: skip
    columns = [
        Column("Trade"), Column("Market"), Column("Side"), Column("Role"), Column("Price", True),
        Column("Quantity", True), Column("Fee", True), Column("Time"),
    ]  # fmt: skip
    return Panel("Newest trades", columns, rows, "No trades.", search_url("trading_trade", account.name))


def _postings(account: Account) -> Panel:
    rows: list[list[Cell]] = [
        [
            link("accounts_ledgertransaction", row.transaction_id, row.transaction), row.asset,
            format_decimal(row.amount), row.transaction.reason or NOTHING, moment(row.transaction.created_at),
        ]
        for row in postings(account.pk, None, SHOWN)
    ]  # fmt: skip
    columns = [
        Column("Transaction"), Column("Asset"), Column("Amount", True), Column("Reason"), Column("Time"),
    ]  # fmt: skip
    return Panel(
        "Newest postings", columns, rows, "No postings.", search_url("accounts_posting", account.name)
    )


_PERMISSIONS: dict[Maker, str] = {
    _balances: "accounts.view_balance",
    _margin: "risk.view_loan",
    _open_orders: "trading.view_order",
    _trades: "trading.view_trade",
    _postings: "accounts.view_posting",
}


def _api_keys(user: User, may_revoke: bool) -> Panel:
    columns = [
        Column("Key"), Column("Name"), Column("Scopes"), Column("Addresses"), Column("Last used"),
        Column("Expires"), Column("State"),
    ]  # fmt: skip
    rows: list[list[Cell]] = [list(_key_cells(key, may_revoke)) for key in user.api_keys.order_by("-id")[:50]]
    return Panel("API keys", columns, rows, "No API keys.")


def _key_cells(key: APIKey, may_revoke: bool) -> Iterator[Cell]:
    """The key itself is stored nowhere; its first characters tell it from the others."""
    yield f"{key.key_hint}…"
    yield key.name or NOTHING
    yield ", ".join(key.scopes)
    yield ", ".join(key.allowed_addresses) or "any"
    yield minute(key.last_used_at)
    yield minute(key.expires_at)
    if key.revoked_at is not None:
        yield f"revoked {minute(key.revoked_at)}"
    elif may_revoke:
        url = reverse("admin:accounts_user_revoke_key", args=[key.user_id, key.pk])
        yield format_html('<a class="small-button" href="{}">Revoke</a>', url)
    else:
        yield "active"


def _history(user: User) -> Panel:
    rows: list[list[Cell]] = [
        [minute(entry.action_time), entry.user.username, entry.get_change_message() or _verb(entry)]
        for entry in entries_about(user)[:SHOWN]
    ]
    url = reverse("admin:accounts_user_history", args=[user.pk])
    return Panel("History", [Column("Time"), Column("By"), Column("What and why")], rows, "Nothing yet.", url)


def _verb(entry: LogEntry) -> str:
    return "Added." if entry.is_addition() else "Changed."
