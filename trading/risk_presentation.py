"""How positions and liquidations look in the streams.

A position here has only what its own events change; what moves with the mark price is in `GET /api/v1/positions`.
"""

from decimal import Decimal
from typing import Any

from common.clock import to_ms
from common.money import format_decimal
from risk.models import Liquidation, LiquidationStep, Position
from trading.presentation import average


def position_json(row: Position) -> dict[str, Any]:
    """With `market` at hand. funding_paid: as far as it is settled."""
    side = None if not row.size else "long" if row.size > 0 else "short"
    return {
        "symbol": row.market.symbol,
        "side": side,
        "size": format_decimal(row.size.copy_abs()),
        "mode": row.mode,
        "leverage": row.leverage,
        "entry_price": None if side is None else format_decimal(average(row.cost, row.size)),
        "realised_profit": format_decimal(row.realised_profit),
        "fees_paid": format_decimal(row.fees_paid),
        "funding_paid": format_decimal(row.funding_paid),
        "isolated_margin": format_decimal(row.isolated_margin),
        "requirement": format_decimal(row.requirement),
        "exposure": format_decimal(row.exposure),
    }


def liquidation_json(row: Liquidation) -> dict[str, Any]:
    """As LiquidationSerializer describes it; with `market` and `steps` at hand."""
    return {
        "id": row.pk,
        "symbol": row.market.symbol if row.market else None,
        "status": row.status,
        "equity": format_decimal(row.equity),
        "maintenance_margin": format_decimal(row.maintenance_margin),
        "started_at": to_ms(row.started_at),
        "ended_at": None if row.ended_at is None else to_ms(row.ended_at),
        "steps": [step_json(step) for step in sorted(row.steps.all(), key=lambda step: step.number)],
    }


def step_json(step: LiquidationStep) -> dict[str, Any]:
    return {
        "number": step.number,
        "kind": step.kind,
        "symbol": step.market.symbol if step.market else None,
        "time": to_ms(step.created_at),
        "sequence": step.sequence,
        "order_id": None if step.order_id is None else str(step.order_id),
        "mark_price": _text(step.mark_price),
        "bankruptcy_price": _text(step.bankruptcy_price),
        "quantity": format_decimal(step.quantity),
        "notional": format_decimal(step.notional),
        "to_insurance": format_decimal(step.to_insurance),
        "equity": format_decimal(step.equity),
        "maintenance_margin": format_decimal(step.maintenance_margin),
    }


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else format_decimal(amount)
