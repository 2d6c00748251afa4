from django.db import models

from common.fields import MoneyField
from market.models.market import Market
from market.models.price import Price


class IndexSource(models.Model):
    """What one source last said of a spot market's price: the index of its perpetuals is counted from these."""

    market = models.ForeignKey(Market, on_delete=models.CASCADE, related_name="sources", db_index=False)
    source = models.CharField(max_length=12, choices=Price.Source)
    price = MoneyField()
    updated_at = models.DateTimeField(help_text="when it was so: the source's own time, where it gives one")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["market", "source"], name="index_source_once_per_market"),
            models.CheckConstraint(
                name="source_price_is_positive", condition=models.Q(price__gt=0, price__lte=10**19)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} of {self.market_id}"
