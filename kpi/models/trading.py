from django.conf import settings
from django.db import models

from common.fields import MoneyField
from kpi.models.stats import Stat
from market.models import Market


class TradingStat(Stat):
    """What happened in a market, from its event log. An order ends once: filled, cancelled or expired."""

    pk = models.CompositePrimaryKey("step_seconds", "start", "market_id")
    market = models.ForeignKey(Market, on_delete=models.CASCADE, db_constraint=False, db_index=False)
    orders = models.BigIntegerField(help_text="accepted")
    trades = models.BigIntegerField()
    volume = MoneyField(max_digits=50, help_text="in base")
    quote_volume = MoneyField(max_digits=50)
    filled = models.BigIntegerField(help_text="orders that were filled to the end")
    cancelled = models.BigIntegerField()
    expired = models.BigIntegerField()


class TradingProgress(models.Model):
    """Up to which event of the market all is counted."""

    market = models.OneToOneField(Market, on_delete=models.CASCADE, primary_key=True)
    sequence = models.BigIntegerField(default=0)


class UserActivity(models.Model):
    """When a user last placed or amended an order, or traded."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="+",
        db_constraint=False,
    )
    last_active_at = models.DateTimeField(db_index=True)
