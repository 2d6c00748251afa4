from kpi.services.beat_heart import beat_heart
from kpi.services.forget_old_stats import forget_old_stats
from kpi.services.roll_up_liquidations import roll_up_liquidations
from kpi.services.roll_up_slices import roll_up_slices
from kpi.services.roll_up_trading import roll_up_trading
from kpi.services.take_samples import take_samples
from kpi.services.write_slices import write_slices

__all__ = [
    "beat_heart", "forget_old_stats", "roll_up_liquidations", "roll_up_slices", "roll_up_trading", "take_samples",
    "write_slices",
]  # fmt: skip
