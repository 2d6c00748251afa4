"""The admin as Django loads it. Apart from apps.py, which may hold one AppConfig only."""

from django.contrib.admin.apps import AdminConfig


class OperatorsAdminConfig(AdminConfig):
    default_site = "trading.admin_site.OperatorsSite"
