"""The one table of what runs when.

Each task is also a management command and safe to run twice at once. A task expires when the next one is
due: what was late is dropped and does not pile up.
"""

from typing import Any


def beat_table(price_tick_seconds: float) -> dict[str, dict[str, Any]]:
    rows = [
        # what, how often (seconds), task
        ("prices, marks", price_tick_seconds, "trading.tasks.refresh_prices"),
        ("candles", 1.0, "trading.tasks.roll_up_candles"),
        ("expiries, triggers, auctions", 1.0, "trading.tasks.sweep_markets"),
        ("dead man's switch", 1.0, "trading.tasks.sweep_cancel_after"),
        ("vanished connections", 1.0, "trading.tasks.sweep_disconnected"),
        ("positions in danger", 1.0, "trading.tasks.sweep_liquidations"),
        ("funding", 30.0, "trading.tasks.settle_funding"),
        ("margin accounts in danger", 1.0, "trading.tasks.sweep_margin_accounts"),
        ("interest on loans", 60.0, "risk.tasks.accrue_interest"),
        ("does the ledger add up", 5.0, "accounts.tasks.watch_ledger"),
        ("spent signatures", 60.0, "accounts.tasks.forget_signatures"),
        # Slots are of five seconds: asked more often, none is missed by a clock that is a little late.
        ("heartbeat", 2.0, "kpi.tasks.beat_heart"),
        ("KPIs of requests", 5.0, "kpi.tasks.roll_up_requests"),
        ("KPIs of trading", 5.0, "kpi.tasks.roll_up_trading"),
        ("samples for KPIs", 5.0, "kpi.tasks.take_samples"),
        ("old KPIs", 3_600.0, "kpi.tasks.forget_old_kpis"),
        ("ended sessions", 3_600.0, "accounts.tasks.forget_sessions"),
        ("expired tokens", 86_400.0, "accounts.tasks.flush_expired_tokens"),
    ]
    return {
        name: {"task": task, "schedule": seconds, "options": {"expires": seconds}}
        for name, seconds, task in rows
    }
