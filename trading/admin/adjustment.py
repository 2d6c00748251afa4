"""Adjusting a balance: a ledger transaction with a reason and the administrator's name."""

import uuid
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import Account, LedgerTransaction, User
from accounts.selectors import balances
from accounts.services import adjust_balance, open_account
from common.errors import ErrorCode, Refused
from common.money import format_decimal, is_multiple
from market.models import Asset
from risk.services import keep_margin
from trading.admin.confirmation import ReasonForm, in_words
from trading.admin.fields import AmountField
from trading.admin.history import note

PERMISSION = "accounts.add_ledgertransaction"


class AdjustmentForm(ReasonForm):
    """`reference` names this one filling-in of the form, so that a second click does not post again."""

    asset = forms.ModelChoiceField(Asset.objects.order_by("code"), empty_label=None)
    amount = AmountField(
        signed=True, help_text="Added to the available balance; with a minus sign, taken from it."
    )
    reference = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    field_order = ("asset", "amount", "reason")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        asset, amount = data.get("asset"), data.get("amount")
        if asset and amount is not None and not is_multiple(amount, Decimal(1).scaleb(-asset.precision)):
            self.add_error("amount", ValidationError(f"{asset} has at most {asset.precision} decimals."))
        if amount == 0:
            self.add_error("amount", ValidationError("An adjustment of zero changes nothing."))
        return data


def adjust(
    user: User, asset: str, amount: Decimal, reason: str, reference: str, by: Any
) -> tuple[LedgerTransaction, bool]:
    """The ledger transaction, and whether it was made now: a reference posts once, however often it is sent.

    Raises Refused with a message in plain words.
    """
    account = open_account(user)
    try:
        with transaction.atomic():
            Account.objects.select_for_update(no_key=True).get(pk=account.pk)  # second clicks wait here
            posted = LedgerTransaction.objects.filter(
                kind=LedgerTransaction.Kind.ADJUSTMENT, reference=reference
            ).first()
            if posted is not None:
                return posted, False
            posted = adjust_balance(account, asset, amount, reason, by, reference=reference)
            keep_margin(account.pk, asset)
            note(by, user, f"Balance adjusted by {format_decimal(amount)} {asset} ({posted}): {reason}")
    except Refused as refused:
        raise Refused(refused.code, _plainly(refused, account, asset)) from refused
    return posted, True


def _plainly(refused: Refused, account: Account, asset: str) -> str:
    if refused.code is not ErrorCode.INSUFFICIENT_FUNDS:
        return in_words(refused)
    row = next((row for row in balances(account.pk) if row.asset == asset), None)
    available, held = (row.available, row.held) if row else (Decimal(0), Decimal(0))
    return (
        f"{account.user} has only {format_decimal(available)} {asset} available; "
        f"{format_decimal(held)} more are held by open orders."
    )
