from django.db import models
from django.db.models import Q

from accounts.models import User
from common.fields import MoneyField, money_between
from market.models import Market


class TierLimit(models.Model):
    """The most leverage that users of a tier may choose."""

    tier = models.CharField(max_length=12, choices=User.Tier, primary_key=True)
    maximum_leverage = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="tier_leverage_is_sane",
                condition=Q(maximum_leverage__gte=1, maximum_leverage__lte=1000),
            )
        ]

    def __str__(self) -> str:
        return self.tier


class ExposureLimit(models.Model):
    """The most exposure, in USDT. Of `total` there is one row; of `contract` one per market; of `user` one for
    all contracts together and one for each market, each holding for every user."""

    class Scope(models.TextChoices):
        USER = "user", "one user"
        CONTRACT = "contract", "all users in one contract"
        TOTAL = "total", "all users in all contracts"

    scope = models.CharField(max_length=8, choices=Scope)
    market = models.ForeignKey(Market, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    maximum = MoneyField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["scope", "market"], name="exposure_limit_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                name="exposure_limit_market_fits_scope",
                condition=Q(scope="user")
                | Q(scope="contract", market__isnull=False)
                | Q(scope="total", market__isnull=True),
            ),
            money_between("maximum", 0, "exposure_limit_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.maximum.normalize():f}"


class ExposureTotal(models.Model):
    """The one row with the exposure of all accounts in all contracts: changed under its own lock, the last taken."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    amount = MoneyField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(name="exposure_total_is_one_row", condition=Q(id=1)),
            money_between("amount", 0, "exposure_total_not_negative"),
        ]
