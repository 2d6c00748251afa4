from django.db import models

from common.fields import MoneyField
from market.models.market import Market


class Candle(models.Model):
    """Open, high, low, close of one interval, from trades. Intervals without a trade have no row."""

    pk = models.CompositePrimaryKey("market_id", "interval_seconds", "open_time")
    market = models.ForeignKey(Market, on_delete=models.CASCADE, db_index=False)
    interval_seconds = models.IntegerField()
    open_time = models.DateTimeField()
    open = MoneyField()
    high = MoneyField()
    low = MoneyField()
    close = MoneyField()
    volume = MoneyField(help_text="in base")
    quote_volume = MoneyField()
    trades = models.IntegerField()


class CandleProgress(models.Model):
    """Up to which event of the market its trades are in the candles."""

    market = models.OneToOneField(Market, on_delete=models.CASCADE, primary_key=True)
    sequence = models.BigIntegerField(default=0)
