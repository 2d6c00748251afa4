from kpi.models.heartbeat import Heartbeat, HeartbeatStat
from kpi.models.slices import RollUp, Slice, Source
from kpi.models.stats import DAY, HOUR, MINUTE, CounterStat, GaugeStat, LatencyStat, RequestStat
from kpi.models.trading import TradingProgress, TradingStat, UserActivity

__all__ = [
    "DAY", "HOUR", "MINUTE", "CounterStat", "GaugeStat", "Heartbeat", "HeartbeatStat", "LatencyStat",
    "RequestStat", "RollUp", "Slice", "Source", "TradingProgress", "TradingStat", "UserActivity",
]  # fmt: skip
