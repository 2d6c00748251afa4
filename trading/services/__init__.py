"""What can be done on the exchange: the only writers of this room."""

from trading.matching_service.requests import (
    AmendRequest,
    CancelAllRequest,
    CancelRequest,
    Done,
    PlacedLinked,
    PlacedOrder,
    PlaceRequest,
)
from trading.rules import NewOrder
from trading.services.admit_on_margin import Admission, admission
from trading.services.amend_order import amend_order
from trading.services.cancel_after import arm_cancel_after, sweep_cancel_after
from trading.services.cancel_on_disconnect import cancel_on_disconnect, sweep_disconnected
from trading.services.cancel_order import cancel_all, cancel_everywhere, cancel_order
from trading.services.change_brackets import change_brackets
from trading.services.close_position import close_position
from trading.services.first_markets import make_first_markets
from trading.services.hold_margin_account import hold_margin_account
from trading.services.liquidate_margin import liquidate_margin, sweep_margin_accounts
from trading.services.mark_prices import mark_prices
from trading.services.move_price import move_price
from trading.services.open_market import open_market
from trading.services.place_linked import LinkedLeg, place_linked
from trading.services.place_order import place_order, place_orders
from trading.services.place_trade import place_trade
from trading.services.refresh_prices import refresh_prices
from trading.services.roll_up_candles import roll_up_candles
from trading.services.set_leverage import move_margin, set_leverage
from trading.services.set_market_status import set_market_status
from trading.services.settle_funding import settle_funding
from trading.services.submit import submit
from trading.services.suspend_matching import AllMarkets, resume_matching, suspend_matching
from trading.services.suspend_user import suspend_user
from trading.services.sweep_liquidations import sweep_liquidations
from trading.services.sweep_markets import sweep_markets
from trading.services.wind_down import begin_wind_down, end_wind_down

__all__ = [
    "Admission",
    "AllMarkets",
    "AmendRequest",
    "CancelAllRequest",
    "CancelRequest",
    "Done",
    "LinkedLeg",
    "NewOrder",
    "PlaceRequest",
    "PlacedLinked",
    "PlacedOrder",
    "admission",
    "amend_order",
    "arm_cancel_after",
    "begin_wind_down",
    "cancel_all",
    "cancel_everywhere",
    "cancel_on_disconnect",
    "cancel_order",
    "change_brackets",
    "close_position",
    "end_wind_down",
    "hold_margin_account",
    "liquidate_margin",
    "make_first_markets",
    "mark_prices",
    "move_margin",
    "move_price",
    "open_market",
    "place_linked",
    "place_order",
    "place_orders",
    "place_trade",
    "refresh_prices",
    "resume_matching",
    "roll_up_candles",
    "set_leverage",
    "set_market_status",
    "settle_funding",
    "submit",
    "suspend_matching",
    "suspend_user",
    "sweep_cancel_after",
    "sweep_disconnected",
    "sweep_liquidations",
    "sweep_margin_accounts",
    "sweep_markets",
]
