"""Adding a market or an asset, and editing what may change of them."""

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from market.models import Asset, Market
from trading.admin.fields import AmountField, WholeNumberField
from trading.admin.reasoned_change import ReasonedForm

# At most 11 characters, because the quote's part of a symbol has room for no more (market.selectors).
_CODE = re.compile(r"[A-Z0-9]{1,11}", re.ASCII)
_SMALLEST = Decimal("1E-18")
MOST_NOTIONAL = Decimal(10**12)
MOST_OPEN_ORDERS = Decimal(1_000_000)
A_DAY = Decimal(86_400)


class FeeField(AmountField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(decimals=6, most=Decimal("0.1"), help_text="0.001 is 0.1 %", **kwargs)


class ShareField(AmountField):
    """A share of a price; empty, if it may be, switches the rule off."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(decimals=6, least=Decimal("0.000001"), most=Decimal(10), **kwargs)


class EditMarketForm(ReasonedForm):
    """The limits hold from the next batch on."""

    minimum_notional = AmountField(most=MOST_NOTIONAL, help_text="Least price x quantity, in quote")
    maximum_notional = AmountField(
        least=_SMALLEST, most=MOST_NOTIONAL, help_text="Most price x quantity, in quote"
    )
    maximum_open_orders = WholeNumberField(
        least=Decimal(1), most=MOST_OPEN_ORDERS, help_text="Live orders an account may have here at a time"
    )
    maker_fee = FeeField()
    taker_fee = FeeField()
    price_band = ShareField(
        required=False,
        help_text="0.5: buys up to 1.5 times the reference price, sells down to half of it. Empty: any price",
    )
    market_protection = ShareField(
        help_text="How far from the reference price a market order may trade: 0.1 is 10 %"
    )
    breaker_move = ShareField(
        required=False,
        help_text="Trades further apart than this within the window halt the market: 0.1 is 10 %. Empty: never",
    )
    breaker_window_seconds = WholeNumberField(least=Decimal(1), most=A_DAY)
    auction_seconds = WholeNumberField(
        most=A_DAY, help_text="How long orders are collected before the halted market opens"
    )

    class Meta:
        model = Market
        fields = (
            "minimum_notional", "maximum_notional", "maximum_open_orders", "maker_fee", "taker_fee", "price_band",
            "market_protection", "breaker_move", "breaker_window_seconds", "auction_seconds",
        )  # fmt: skip


class AddMarketForm(forms.ModelForm):
    """The symbol follows from the two assets."""

    base = forms.ModelChoiceField(Asset.objects.order_by("code"))
    quote = forms.ModelChoiceField(Asset.objects.order_by("code"), help_text="Prices are in this asset")
    tick = AmountField(least=_SMALLEST, most=Decimal(10**9), help_text="Prices are multiples of it, in quote")
    lot = AmountField(
        least=_SMALLEST, most=Decimal(10**9), help_text="Quantities are multiples of it, in base"
    )
    minimum_notional = AmountField(most=MOST_NOTIONAL, help_text="Least price x quantity, in quote")
    maker_fee = FeeField(initial="0.001")
    taker_fee = FeeField(initial="0.001")

    class Meta:
        model = Market
        fields = ("base", "quote", "tick", "lot", "minimum_notional", "maker_fee", "taker_fee", "status")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        base, quote = data.get("base"), data.get("quote")
        if base and quote:
            self.instance.symbol = f"{base.code}-{quote.code}"
            if base == quote:
                self.add_error("quote", ValidationError("A market needs two different assets."))
            elif Market.objects.filter(symbol=self.instance.symbol).exists():
                self.add_error(None, ValidationError(f"{self.instance.symbol} exists already."))
        return data

    def _post_clean(self) -> None:
        # The model's own rules compare fields with each other and need all of them.
        if not self.errors:
            super()._post_clean()  # type: ignore[misc]


class AssetForm(forms.ModelForm):
    class Meta:
        model = Asset
        fields = ("code", "name", "precision")

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        if not _CODE.fullmatch(code):
            raise ValidationError("1 to 11 capital letters and digits, such as BTC.")
        return code

    def clean_precision(self) -> int:
        precision: int = self.cleaned_data["precision"]
        if precision > 18:
            raise ValidationError("At most 18 decimals.")
        return precision
