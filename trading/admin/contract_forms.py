"""Editing a contract's terms, its brackets, and the limits on leverage and exposure."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet

from market.models import Market
from risk.brackets import wrong_rows
from risk.models import Bracket, Contract, ExposureLimit, TierLimit
from trading.admin.fields import AmountField, WholeNumberField
from trading.admin.reasoned_change import REASON, ReasonedForm

MOST_LEVERAGE = Decimal(1000)
A_MONTH = Decimal(31 * 86_400)
A_DAY = Decimal(86_400)
MOST_NOTIONAL = Decimal(10**12)
FINEST_RATE = Decimal("0.000001")

BracketRow = tuple[Decimal, int, Decimal]


class ContractForm(ReasonedForm):
    """They hold from the next batch, sample and funding on."""

    funding_interval_seconds = WholeNumberField(
        least=Decimal(1),
        most=A_MONTH,
        help_text="28800 is eight hours; the funding that is due next stays where it is",
    )
    interest_rate = AmountField(
        signed=True, decimals=8, most=Decimal(1), help_text="Per funding interval: 0.0001 is 0.01 %"
    )
    funding_cap = AmountField(decimals=8, most=Decimal(1), help_text="Most that is paid per interval")
    impact_notional = AmountField(
        least=FINEST_RATE, most=MOST_NOTIONAL, help_text="The premium is that of a trade this large, in quote"
    )
    basis_window_seconds = WholeNumberField(
        least=Decimal(1), most=A_DAY, help_text="Over which mid less index is averaged for the mark price"
    )
    stale_after_seconds = WholeNumberField(
        least=Decimal(1), most=A_DAY, help_text="A source of the index older than this is left out"
    )
    liquidation_fee = AmountField(
        decimals=6,
        most=Decimal("0.1"),
        help_text="Most of a liquidated notional that the insurance fund gets",
    )

    class Meta:
        model = Contract
        fields = (
            "funding_interval_seconds", "interest_rate", "funding_cap", "impact_notional", "basis_window_seconds",
            "stale_after_seconds", "liquidation_fee",
        )  # fmt: skip


class BracketForm(forms.ModelForm):
    floor = AmountField(label="Notional from", most=Decimal(10**15))
    maximum_leverage = WholeNumberField(label="Most leverage", least=Decimal(1), most=MOST_LEVERAGE)
    maintenance_rate = AmountField(decimals=6, least=FINEST_RATE, most=Decimal("0.999999"))

    class Meta:
        model = Bracket
        fields = ("floor", "maximum_leverage", "maintenance_rate")

    def validate_unique(self) -> None:
        """The brackets are judged together, as they will be."""


class BracketFormSet(BaseInlineFormSet):
    """rows: the brackets as they will be, once all is valid."""

    rows: list[BracketRow]

    def clean(self) -> None:
        if any(self.errors):
            return
        kept = [
            form.cleaned_data
            for form in self.forms
            if form.cleaned_data and not form.cleaned_data.get("DELETE")
        ]
        self.rows = sorted((row["floor"], row["maximum_leverage"], row["maintenance_rate"]) for row in kept)
        wrong = wrong_rows(self.rows)
        if wrong is not None:
            raise ValidationError(wrong)
        if self.has_changed() and not self.data.get(REASON, "").strip():
            raise ValidationError("Say above why this is changed.")

    def validate_unique(self) -> None:
        """In `clean`."""


class TierLimitForm(ReasonedForm):
    maximum_leverage = WholeNumberField(
        least=Decimal(1),
        most=MOST_LEVERAGE,
        help_text="Leverage that was chosen before stays until it is changed",
    )

    class Meta:
        model = TierLimit
        fields = ("maximum_leverage",)


class ExposureLimitForm(ReasonedForm):
    market = forms.ModelChoiceField(
        Market.objects.filter(kind=Market.Kind.PERPETUAL).order_by("symbol"),
        required=False, empty_label="All contracts together",
        help_text="One user: all contracts together, or one. All users in one contract: that one.",
    )  # fmt: skip
    maximum = AmountField(most=Decimal(10**15), help_text="In quote; 0: nobody gets in any more")

    class Meta:
        model = ExposureLimit
        fields = ("scope", "market", "maximum")

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        scope, market = data.get("scope"), data.get("market")
        if scope == ExposureLimit.Scope.CONTRACT and market is None and "market" not in self.errors:
            self.add_error("market", ValidationError("Say which contract."))
        if scope == ExposureLimit.Scope.TOTAL and market is not None:
            self.add_error("market", ValidationError("The total is of all contracts together."))
        same = ExposureLimit.objects.filter(scope=scope, market=market).exclude(pk=self.instance.pk)
        if not self.errors and same.exists():
            self.add_error(None, ValidationError("There is such a limit already."))
        return data

    def validate_constraints(self) -> None:
        """In `clean`, in words for whoever edits."""
