"""Amounts in the admin's forms, through the one strict parser."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from common.money import NotANumber, format_decimal, is_multiple, parse_decimal


class AmountField(forms.CharField):
    """A plain decimal number such as 0.5; `signed` lets it begin with + or -."""

    def __init__(
        self,
        *,
        signed: bool = False,
        decimals: int = 18,
        least: Decimal = Decimal(0),
        most: Decimal | None = None,
        **kwargs: Any,
    ) -> None:
        self.signed, self.decimals, self.least, self.most = signed, decimals, least, most
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "class": "amount"})
        super().__init__(**{"max_length": 40, "widget": widget, **kwargs})

    def prepare_value(self, value: Any) -> Any:
        if value is None:
            return ""
        return format_decimal(value) if isinstance(value, Decimal) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.prepare_value(initial) != (data or "").strip()

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        return None if text in self.empty_values else self._amount(text)

    def _amount(self, text: str) -> Decimal:
        sign = text[0] if self.signed and text[0] in "+-" else ""
        try:
            amount = parse_decimal(text[len(sign) :])
        except NotANumber:
            example = "-0.5 or 100" if self.signed else "0.5"
            raise ValidationError(f"Write a plain decimal number such as {example}.") from None
        if not is_multiple(amount, Decimal(1).scaleb(-self.decimals)):
            raise ValidationError(f"At most {self.decimals} decimals.")
        if amount < self.least or (self.most is not None and amount > self.most):
            raise ValidationError(self._range())
        return amount.copy_negate() if sign == "-" else amount

    def _range(self) -> str:
        if self.most is None:
            return f"At least {format_decimal(self.least)}."
        return f"Must be from {format_decimal(self.least)} to {format_decimal(self.most)}."


class WholeNumberField(AmountField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(decimals=0, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return str(value) if isinstance(value, int) else super().prepare_value(value)

    def clean(self, value: Any) -> Any:
        number = super().clean(value)
        return None if number is None else int(number)
