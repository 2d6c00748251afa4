from django.db import models
from django.db.models import Q

from accounts.models import Account
from common.fields import MoneyField
from market.models import Market


class Liquidation(models.Model):
    """An account, or one isolated position of it, that is below or near its maintenance margin, from the
    warning to the end. One at a time: what is interrupted goes on with the same row."""

    class Status(models.TextChoices):
        WARNED = "warned"
        LIQUIDATING = "liquidating"
        RECOVERED = "recovered", "recovered"
        CLOSED = "closed", "closed: the positions or loans are gone"

    OPEN = (Status.WARNED, Status.LIQUIDATING)

    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="liquidations", db_index=False
    )
    market = models.ForeignKey(
        Market, null=True, on_delete=models.PROTECT, related_name="+", db_index=False,
        help_text="of an isolated position; none: all that is cross",
    )  # fmt: skip
    status = models.CharField(max_length=12, choices=Status, default=Status.WARNED)
    equity = MoneyField(help_text="when it began, in quote")
    maintenance_margin = MoneyField(help_text="when it began, in quote")
    steps_taken = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "market"], name="liquidation_one_open",
                condition=Q(status__in=["warned", "liquidating"]), nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="liquidation_ended_or_open",
                condition=Q(status__in=["warned", "liquidating"], ended_at__isnull=True)
                | Q(status__in=["recovered", "closed"], ended_at__isnull=False),
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["account", "-id"], name="liquidation_of_account")]

    def __str__(self) -> str:
        return f"liquidation {self.id}"


class LiquidationStep(models.Model):
    """One thing that was done, in the order in which it was done. Append-only."""

    class Kind(models.TextChoices):
        WARNED = "warned"
        ORDERS_CANCELLED = "orders_cancelled"
        REDUCED = "reduced", "reduced on the book"
        FUND_PAID = "fund_paid", "shortfall paid by the insurance fund"
        DELEVERAGED = "deleveraged"
        REPAID = "repaid", "loan repaid"
        WRITTEN_OFF = "written_off", "loan written off against the lending pool"
        RECOVERED = "recovered"
        CLOSED = "closed"

    liquidation = models.ForeignKey(
        Liquidation, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="steps"
    )
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=16, choices=Kind)
    market = models.ForeignKey(
        Market, null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False
    )
    sequence = models.BigIntegerField(null=True, help_text="of its event in the market's log")
    order_id = models.BigIntegerField(null=True)
    mark_price = MoneyField(null=True)
    bankruptcy_price = MoneyField(null=True)
    quantity = MoneyField(default=0, help_text="in base")
    notional = MoneyField(default=0, help_text="what it traded for, in quote")
    to_insurance = MoneyField(default=0, help_text="surplus to the insurance fund; negative: paid by it")
    equity = MoneyField(help_text="before the step")
    maintenance_margin = MoneyField(help_text="before the step")
    details = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["liquidation", "number"], name="liquidation_step_once")
        ]
        indexes = [models.Index(fields=["created_at"], name="liquidation_step_time")]

    def __str__(self) -> str:
        return f"{self.number}. {self.kind}"
