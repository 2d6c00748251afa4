"""All that the API's tests say of orders and of the book holds by the fast lane too."""

from trading.tests.api.test_order_book import *  # noqa: F403
from trading.tests.api.test_place_order import *  # noqa: F403
from trading.tests.api.test_refusals import *  # noqa: F403
from trading.tests.api.test_signed_orders import *  # noqa: F403
from trading.tests.api.test_who_may import *  # noqa: F403
