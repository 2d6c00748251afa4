from kpi.selectors.requests import RequestFigures, request_figures
from kpi.selectors.uptime import Uptime, uptime

__all__ = ["RequestFigures", "Uptime", "request_figures", "uptime"]
