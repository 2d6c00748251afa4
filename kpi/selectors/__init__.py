from kpi.selectors.requests import RequestFigures, request_figures
from kpi.selectors.security import SecurityFigures, security_figures
from kpi.selectors.trading import TradingFigures, trading_figures
from kpi.selectors.uptime import Uptime, uptime

__all__ = [
    "RequestFigures", "SecurityFigures", "TradingFigures", "Uptime", "request_figures", "security_figures",
    "trading_figures", "uptime",
]  # fmt: skip
