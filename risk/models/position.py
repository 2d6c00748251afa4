from django.db import models
from django.db.models import Q

from accounts.models import Account
from common.fields import MONEY_BOUND, MoneyField
from market.models import Market


def _number(field: str) -> Q:
    """A number within the bounds, of either sign, and not NaN."""
    return Q(**{f"{field}__gte": -MONEY_BOUND, f"{field}__lte": MONEY_BOUND})


class Position(models.Model):
    """What an account holds of a contract, one-way, and the leverage it chose there.

    Written by the matching service alone, under the locks of the symbol and of the account's balance of the
    quote asset. A row may have size 0: then it tells the leverage, what live orders require, and the history.
    Without foreign-key constraints, as accounts.Posting.
    """

    class Mode(models.TextChoices):
        CROSS = "cross"
        ISOLATED = "isolated"

    account = models.ForeignKey(
        Account, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="positions"
    )
    market = models.ForeignKey(
        Market, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="positions"
    )
    size = MoneyField(default=0, help_text="in base; negative: short")
    cost = MoneyField(default=0, help_text="price x size of what is open, in quote; negative: short")
    mode = models.CharField(max_length=8, choices=Mode, default=Mode.CROSS)
    leverage = models.PositiveSmallIntegerField()
    isolated_margin = MoneyField(default=0, help_text="allotted to this position alone")
    requirement = MoneyField(default=0, help_text="its part of the balance's margin, orders included")
    exposure = MoneyField(default=0, help_text="the larger side of position and open orders, in quote")
    funding_index = models.DecimalField(
        max_digits=40, decimal_places=0, default=0, help_text="up to where funding is settled"
    )
    realised_profit = MoneyField(default=0, help_text="since the beginning, before fees and funding")
    fees_paid = MoneyField(default=0)
    funding_paid = MoneyField(default=0, help_text="settled; negative: received")
    watch_price = MoneyField(
        null=True, help_text="when the mark price gets here the account is looked at (docs/margin.md)"
    )
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "market"], name="position_once_per_contract"),
            models.CheckConstraint(
                name="position_adds_up",
                condition=_number("size") & _number("cost") & _number("realised_profit")
                & _number("fees_paid") & _number("funding_paid")
                & (Q(size=0, cost=0, isolated_margin=0, watch_price__isnull=True)
                   | Q(size__gt=0, cost__gt=0) | Q(size__lt=0, cost__lt=0)),
            ),
            models.CheckConstraint(
                name="position_margin_not_negative",
                condition=Q(leverage__gte=1, leverage__lte=1000)
                & Q(isolated_margin__gte=0, isolated_margin__lte=MONEY_BOUND)
                & Q(requirement__gte=0, requirement__lte=MONEY_BOUND)
                & Q(exposure__gte=0, exposure__lte=MONEY_BOUND)
                & (Q(mode="isolated") | Q(isolated_margin=0)),
            ),
        ]  # fmt: skip
        indexes = [
            # What a move of the mark price reads: longs from the highest price down, shorts from the lowest up.
            models.Index(
                fields=["market", "-watch_price"], name="position_watched_long", condition=Q(size__gt=0)
            ),
            models.Index(
                fields=["market", "watch_price"], name="position_watched_short", condition=Q(size__lt=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.size.normalize():f}"

    @property
    def is_isolated(self) -> bool:
        return self.mode == self.Mode.ISOLATED
