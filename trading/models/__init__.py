from trading.models.book_state import BookState
from trading.models.cancel_after import CancelAfter
from trading.models.disconnect_guard import DisconnectGuard
from trading.models.event import OrderEvent
from trading.models.order import Order
from trading.models.order_condition import OrderCondition
from trading.models.trade import Trade

__all__ = ["BookState", "CancelAfter", "DisconnectGuard", "Order", "OrderCondition", "OrderEvent", "Trade"]
