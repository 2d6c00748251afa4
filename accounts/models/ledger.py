"""The double-entry ledger.

Every unit that moves is a posting of a transaction whose postings sum to zero per asset (a trigger refuses
anything else), and postings are never changed or deleted (a trigger refuses that too). A balance is the sum
of its account's postings; `held` says how much of it open orders have reserved.
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from common.fields import MONEY_BOUND, MoneyField, money_between


class Account(models.Model):
    """Who can own money: one account per user and perhaps a margin account beside it, and the system's own."""

    class Kind(models.TextChoices):
        USER = "user"
        MARGIN = "margin", "margin account of a user"
        FEES = "fees", "fees of one symbol"
        OUTSIDE = "outside", "the world outside: deposits come from here"
        ROUNDING = "rounding"
        CLEARING = "clearing", "the other side of a contract's realised profits"
        FUNDING = "funding", "the other side of a contract's funding"
        INSURANCE = "insurance", "insurance fund of a contract"
        LENDING = "lending", "what can be lent of one asset"
        LOANS = "loans", "what is lent of one asset, with the interest due"
        OWED = "owed", "the other side of loans: what borrowers owe"

    MAY_OWE = (Kind.OUTSIDE, Kind.CLEARING, Kind.FUNDING, Kind.INSURANCE, Kind.OWED)

    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=200, unique=True)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="account"
    )
    owner = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="margin_account",
        help_text="of a margin account: its user's own account",
    )  # fmt: skip

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="account_user_exactly_when_kind_user",
                condition=Q(kind="user", user__isnull=False) | (~Q(kind="user") & Q(user__isnull=True)),
            ),
            models.CheckConstraint(
                name="account_owner_exactly_when_kind_margin",
                condition=Q(kind="margin", owner__isnull=False) | (~Q(kind="margin") & Q(owner__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Balance(models.Model):
    """What an account has of one asset: `available` can be spent, `held` is bound by orders and positions.

    Of what is held, `margin` is what perpetuals require: their positions at entry and their open orders. A loss
    may leave less than that; `shortage` is how much of the margin is not there.
    """

    # Found through the unique constraint below, which begins with it.
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="balances", db_index=False)
    asset = models.CharField(max_length=12)
    available = MoneyField(default=0)
    held = MoneyField(default=0)
    margin = MoneyField(
        default=0, db_default=0, help_text="what perpetual positions and orders require; part of held"
    )
    shortage = MoneyField(
        default=0, db_default=0, help_text="how much of the margin is not there, after losses"
    )
    overdraft = models.BooleanField(
        default=False, help_text="only the exchange's own accounts may go below zero, and not all of them"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "asset"], name="balance_per_account_and_asset"),
            models.CheckConstraint(
                name="balance_available_not_negative",
                condition=Q(available__gte=0, available__lte=MONEY_BOUND)
                | Q(overdraft=True, available__gte=-MONEY_BOUND, available__lte=MONEY_BOUND),
            ),
            money_between("held", 0, "balance_held_not_negative"),
            models.CheckConstraint(
                name="balance_margin_is_held_or_short",
                condition=Q(margin__gte=0, margin__lte=MONEY_BOUND, shortage__gte=0)
                & Q(margin__lte=F("held") + F("shortage"))
                & (Q(shortage=0) | Q(available=0)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.asset}"


class LedgerTransaction(models.Model):
    """Why money moved. Append-only."""

    class Kind(models.TextChoices):
        DEPOSIT = "deposit"
        FAUCET = "faucet"
        TRADE = "trade"
        ADJUSTMENT = "adjustment"
        FUNDING = "funding"
        LIQUIDATION = "liquidation", "insurance fund of a contract"
        DELEVERAGING = "deleveraging"
        TRANSFER = "transfer", "transfer between a user's accounts"
        BORROW = "borrow"
        REPAYMENT = "repayment"
        INTEREST = "interest"
        WRITE_OFF = "write_off", "loan written off"

    kind = models.CharField(max_length=12, choices=Kind)
    reference = models.CharField(max_length=64, blank=True, help_text="for a trade, its id")
    reason = models.CharField(max_length=200, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            # Whoever looks for a deposit or an adjustment must not read through all the trades.
            models.Index(
                fields=["kind", "-id"], name="transaction_other_than_trade", condition=~Q(kind="trade")
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class Posting(models.Model):
    """One line of a transaction: `amount` is added to the account's balance (negative: taken). Append-only.

    Without foreign-key constraints: only `accounts.services` writes here, a row check costs more than the
    row, and the audit looks for orphans.
    """

    transaction = models.ForeignKey(
        LedgerTransaction, on_delete=models.DO_NOTHING, db_constraint=False, related_name="postings"
    )
    account = models.ForeignKey(Account, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    asset = models.CharField(max_length=12)
    amount = MoneyField()

    class Meta:
        indexes = [models.Index(fields=["account", "-id"], name="posting_of_account")]
        constraints = [
            models.CheckConstraint(
                name="posting_amount_is_a_number",
                condition=Q(amount__gte=-MONEY_BOUND, amount__lte=MONEY_BOUND) & ~Q(amount=0),
            )
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.asset}"
