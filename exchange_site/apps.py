from django.apps import AppConfig
from django.core.checks import register

from exchange_site.checks import check_settings


class ExchangeSiteConfig(AppConfig):
    name = "exchange_site"

    def ready(self) -> None:
        register(check_settings, "bourse")
