from decimal import Decimal

from django.db import models
from django.db.models import Q

from common.fields import MoneyField, money_between
from market.models import Market


class Contract(models.Model):
    """The terms of a perpetual beyond those of any market, and its funding as it stands.

    Linear: settled in the market's quote asset. The columns below `funding_index` are written under the
    symbol's lock only.
    """

    market = models.OneToOneField(Market, on_delete=models.PROTECT, primary_key=True, related_name="contract")
    underlying = models.ForeignKey(
        Market, on_delete=models.PROTECT, related_name="contracts", help_text="the spot market of the index"
    )
    funding_interval_seconds = models.PositiveIntegerField(default=8 * 3600)
    interest_rate = models.DecimalField(
        max_digits=9, decimal_places=8, default=Decimal("0.0001"), help_text="per funding interval"
    )
    funding_cap = models.DecimalField(
        max_digits=9, decimal_places=8, default=Decimal("0.0075"), help_text="most that is paid per interval"
    )
    impact_notional = MoneyField(
        default=Decimal(10_000), help_text="the impact prices are those of a trade this large, in quote"
    )
    basis_window_seconds = models.PositiveIntegerField(
        default=150, help_text="over which mid less index is averaged for the mark price"
    )
    stale_after_seconds = models.PositiveIntegerField(
        default=30, help_text="a source of the index older than this is left out"
    )
    liquidation_fee = models.DecimalField(
        max_digits=7, decimal_places=6, default=Decimal("0.001"),
        help_text="most of a liquidated notional that goes to the insurance fund",
    )  # fmt: skip
    reopens_to = models.CharField(
        max_length=12, blank=True, choices=Market.Status, editable=False,
        help_text="the market's state before its index went stale; empty: none did, or staff have stepped in",
    )  # fmt: skip

    funding_index = models.DecimalField(
        max_digits=40, decimal_places=0, default=0,
        help_text="what a lot held long has paid since the beginning, in 10^-8 units of the quote asset",
    )  # fmt: skip
    last_funding_rate = models.DecimalField(max_digits=12, decimal_places=8, default=0)
    next_funding_at = models.DateTimeField(null=True)
    exposure = MoneyField(default=0, help_text="of all accounts, in quote")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="contract_terms_are_sane",
                condition=Q(funding_interval_seconds__gte=1, funding_interval_seconds__lte=31 * 86_400)
                & Q(interest_rate__gte=-1, interest_rate__lte=1, funding_cap__gte=0, funding_cap__lte=1)
                & Q(impact_notional__gt=0, impact_notional__lte=10**12)
                & Q(basis_window_seconds__gte=1, stale_after_seconds__gte=1)
                & Q(liquidation_fee__gte=0, liquidation_fee__lte=Decimal("0.1")),
            ),
            money_between("exposure", 0, "contract_exposure_not_negative"),
        ]

    def __str__(self) -> str:
        return f"contract {self.market_id}"


class Bracket(models.Model):
    """What holds for positions whose notional is at least `floor`, up to the next bracket's."""

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="brackets")
    floor = MoneyField(help_text="notional from which the bracket holds, in quote")
    maximum_leverage = models.PositiveSmallIntegerField()
    maintenance_rate = models.DecimalField(max_digits=7, decimal_places=6)

    class Meta:
        ordering = ["contract", "floor"]
        constraints = [
            models.UniqueConstraint(fields=["contract", "floor"], name="bracket_floor_once_per_contract"),
            models.CheckConstraint(
                name="bracket_is_sane",
                condition=Q(floor__gte=0, floor__lte=10**15)
                & Q(maximum_leverage__gte=1, maximum_leverage__lte=1000)
                & Q(maintenance_rate__gt=0, maintenance_rate__lt=1),
            ),
        ]

    def __str__(self) -> str:
        return f"from {self.floor.normalize():f}"


class PremiumSample(models.Model):
    """The book against the index at a moment: what funding and the mark price are averaged from."""

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="samples", db_index=False)
    sampled_at = models.DateTimeField()
    premium = models.DecimalField(max_digits=20, decimal_places=10, help_text="a share of the index")
    basis = MoneyField(null=True, help_text="mid less index, in quote; none without both sides")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contract", "sampled_at"], name="premium_sample_once_a_moment")
        ]


class FundingPayment(models.Model):
    """One funding of a contract: the rate, and the mark price that it was counted at. Append-only by its use."""

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="fundings", db_index=False)
    due_at = models.DateTimeField()
    rate = models.DecimalField(max_digits=12, decimal_places=8)
    mark_price = MoneyField()
    premium = models.DecimalField(max_digits=20, decimal_places=10)
    samples = models.PositiveIntegerField()
    funding_index = models.DecimalField(max_digits=40, decimal_places=0, help_text="after it")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contract", "due_at"], name="funding_once_per_due_time")
        ]
