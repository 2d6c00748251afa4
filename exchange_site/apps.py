from django.apps import AppConfig


class ExchangeSiteConfig(AppConfig):
    name = "exchange_site"
