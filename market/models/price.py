from django.db import models

from common.fields import MoneyField
from market.models.market import Market


class Price(models.Model):
    """The newest price of a market from outside its own book, and where it comes from."""

    class Source(models.TextChoices):
        BINANCE = "binance", "external feed (Binance)"
        KRAKEN = "kraken", "external feed (Kraken)"
        COINBASE = "coinbase", "external feed (Coinbase)"
        MEDIAN = "median", "median of several sources"
        SIMULATION = "simulation", "local simulation"
        REPLAY = "replay", "replay of a recorded market"

    market = models.OneToOneField(Market, on_delete=models.CASCADE, primary_key=True, related_name="price")
    index = MoneyField()
    mark = MoneyField(null=True, help_text="of a perpetual: the price that margin goes by")
    source = models.CharField(max_length=12, choices=Source)
    step = models.BigIntegerField(default=0, help_text="how many steps the simulation has made")
    leased_until = models.DateTimeField(
        null=True, blank=True, help_text="until then a replay sets this price and the tick leaves it alone"
    )
    simulated_until = models.DateTimeField(
        null=True,
        blank=True,
        help_text="until then the simulation goes on from what staff set, whoever answers",
    )
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="price_is_positive", condition=models.Q(index__gt=0, index__lte=10**19)
            ),
            models.CheckConstraint(
                name="mark_price_is_positive",
                condition=models.Q(mark__isnull=True) | models.Q(mark__gt=0, mark__lte=10**19),
            ),
        ]
