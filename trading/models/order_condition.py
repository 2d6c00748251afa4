from django.db import models
from django.db.models import Q

from common.fields import MONEY_BOUND, MoneyField
from trading.matching.terms import MILLION, SOURCES
from trading.models.order import Order


class OrderCondition(models.Model):
    """What an order says beyond side, price and quantity; most orders have none and no row here.

    Written only by the matching service. trigger_price and extreme follow the market while the order waits.
    """

    class Role(models.TextChoices):
        OCO = "oco", "one cancels the other"
        ENTRY = "entry"
        TAKE_PROFIT = "take_profit"
        STOP_LOSS = "stop_loss"

    order = models.OneToOneField(
        Order, on_delete=models.DO_NOTHING, db_constraint=False, primary_key=True, related_name="conditions"
    )
    display_quantity = MoneyField(null=True, help_text="of an iceberg: shown at a time, in base")
    hidden_quantity = MoneyField(default=0, help_text="of an iceberg: open and not shown now")
    expires_at = models.DateTimeField(null=True)
    reduce_only = models.BooleanField(default=False)
    trigger_source = models.CharField(
        max_length=5, blank=True, choices=[(source, source) for source in SOURCES]
    )
    trigger_price = MoneyField(null=True, help_text="as it stands now")
    trail_amount = MoneyField(null=True, help_text="distance of a trailing stop, in quote")
    trail_millionths = models.IntegerField(null=True, help_text="its distance as a share of the price")
    extreme = MoneyField(null=True, help_text="best price since the trailing stop follows")
    protection_millionths = models.IntegerField(
        default=0, help_text="how far from its trigger it may trade when it enters as a market order"
    )
    reserve = MoneyField(
        null=True,
        help_text="kept back per unit while it waits for its trigger: quote for a buy, base for a sell",
    )
    link_group = models.BigIntegerField(null=True, db_index=True, help_text="id of the first linked order")
    link_role = models.CharField(max_length=12, blank=True, choices=Role)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="condition_amounts",
                condition=(Q(trigger_price__isnull=True) | Q(trigger_price__lte=MONEY_BOUND))
                & (Q(reserve__isnull=True) | Q(reserve__gte=0, reserve__lte=MONEY_BOUND))
                & (
                    Q(display_quantity__isnull=True)
                    | Q(display_quantity__gt=0, display_quantity__lte=MONEY_BOUND)
                )
                & (
                    Q(trail_millionths__isnull=True) | Q(trail_millionths__gt=0, trail_millionths__lt=MILLION)
                ),
            )
        ]

    def __str__(self) -> str:
        return f"conditions of order {self.order_id}"
