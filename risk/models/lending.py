from decimal import Decimal

from django.db import models
from django.db.models import Q

from accounts.models import Account
from common.fields import MoneyField, money_between
from market.models import Asset


class LendingTerms(models.Model):
    """What an asset counts for on margin accounts, and on what terms it is lent. An asset without a row counts
    for nothing there."""

    asset = models.OneToOneField(Asset, on_delete=models.PROTECT, primary_key=True, related_name="+")
    hourly_rate = models.DecimalField(
        max_digits=12, decimal_places=10, help_text="interest for each hour begun, on what was borrowed"
    )
    haircut = models.DecimalField(
        max_digits=7, decimal_places=6, help_text="share of its value that does not count as collateral"
    )
    maintenance_rate = models.DecimalField(
        max_digits=7, decimal_places=6, help_text="equity that a debt in it needs, as a share of the debt"
    )
    price_bound = models.DecimalField(
        max_digits=7, decimal_places=6, default=Decimal("0.01"),
        help_text="how far from the index price a liquidation may trade it",
    )  # fmt: skip
    liquidation_fee = models.DecimalField(
        max_digits=7, decimal_places=6, default=Decimal("0.005"),
        help_text="most of what a liquidation gets for it that goes to the insurance fund",
    )  # fmt: skip
    maximum = MoneyField(help_text="most that one account may borrow of it; 0: it is not lent")

    class Meta:
        verbose_name_plural = "lending terms"
        constraints = [
            models.CheckConstraint(
                name="lending_terms_are_sane",
                condition=Q(hourly_rate__gte=0, hourly_rate__lte=Decimal("0.01"))
                & Q(haircut__gte=0, haircut__lt=1, maintenance_rate__gt=0, maintenance_rate__lt=1)
                & Q(price_bound__gt=0, price_bound__lt=1)
                & Q(liquidation_fee__gte=0, liquidation_fee__lte=Decimal("0.1")),
            ),
            money_between("maximum", 0, "lending_maximum_not_negative"),
        ]

    def __str__(self) -> str:
        return self.asset_id


class Loan(models.Model):
    """What a margin account owes of one asset, from the first unit borrowed until all is paid back.

    `interest` is what is due and not paid yet; it bears no interest itself. Written under the locks of the
    account's balances, and the row's own behind them.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="loans", db_index=False)
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+", db_index=False)
    principal = MoneyField(help_text="borrowed and not paid back")
    interest = MoneyField(default=0, help_text="due and not paid")
    interest_charged = MoneyField(default=0, help_text="since the loan was opened")
    interest_settled = MoneyField(default=0, help_text="paid or written off")
    opened_at = models.DateTimeField()
    accrued_until = models.DateTimeField(help_text="interest is charged for all hours before this")
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "asset"], name="loan_one_open", condition=Q(closed_at__isnull=True)
            ),
            models.CheckConstraint(
                name="loan_open_while_owed",
                condition=Q(closed_at__isnull=True, principal__gt=0)
                | Q(closed_at__isnull=False, principal=0, interest=0),
            ),
            models.CheckConstraint(
                name="loan_interest_adds_up",
                condition=Q(interest_charged=models.F("interest") + models.F("interest_settled")),
            ),
            money_between("principal", 0, "loan_principal_not_negative"),
            money_between("interest", 0, "loan_interest_not_negative"),
            money_between("interest_settled", 0, "loan_interest_settled_not_negative"),
        ]
        indexes = [
            models.Index(fields=["account", "-id"], name="loan_of_account"),
            models.Index(fields=["accrued_until"], name="loan_due", condition=Q(closed_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"loan {self.id}"

    @property
    def debt(self) -> Decimal:
        return self.principal + self.interest


class InterestCharge(models.Model):
    """Interest that became due: `hours` hours from `starts_at` on `principal`. Append-only.

    An addition is what was borrowed in the middle of an hour, and pays for the rest of it as for a whole one.
    Without foreign-key constraints, as accounts.Posting.
    """

    loan = models.ForeignKey(
        Loan, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="charges"
    )
    is_addition = models.BooleanField()
    starts_at = models.DateTimeField()
    hours = models.PositiveIntegerField()
    principal = MoneyField()
    hourly_rate = models.DecimalField(max_digits=12, decimal_places=10)
    amount = MoneyField()
    ledger_transaction_id = models.BigIntegerField(null=True, help_text="none for an amount of zero")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["loan", "starts_at"], name="interest_once_per_hour", condition=Q(is_addition=False)
            ),
            models.CheckConstraint(name="interest_for_some_hours", condition=Q(hours__gte=1)),
            money_between("amount", 0, "interest_not_negative"),
        ]
        indexes = [models.Index(fields=["loan", "-id"], name="charge_of_loan")]

    def __str__(self) -> str:
        return f"{self.amount.normalize():f} for {self.hours} h"
