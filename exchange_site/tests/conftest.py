from exchange_site.tests.browser import browser, live_exchange, page

__all__ = ["browser", "live_exchange", "page"]
