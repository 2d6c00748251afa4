from exchange_site.tests.browser import browser, live_exchange, page
from exchange_site.tests.own_servers import own

__all__ = ["browser", "live_exchange", "own", "page"]
