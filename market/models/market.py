from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from common.fields import MoneyField
from common.money import EXACT, is_multiple


class Asset(models.Model):
    """Something that can be owned. `precision`: decimals of its smallest unit in the ledger."""

    code = models.CharField(max_length=12, primary_key=True)
    name = models.CharField(max_length=40)
    precision = models.PositiveSmallIntegerField(help_text="decimals of the smallest unit, at most 18")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(precision__lte=18), name="asset_precision")]

    def __str__(self) -> str:
        return self.code


class Market(models.Model):
    """What is traded: a symbol and its rules.

    tick and lot can't change once the market has traded, because the order-event log counts in them
    (a trigger holds it). tick x lot is a whole number of the quote's units, so a trade never needs rounding.
    """

    class Kind(models.TextChoices):
        SPOT = "spot"
        PERPETUAL = "perpetual"

    class Status(models.TextChoices):
        OPEN = "open"
        POST_ONLY = "post_only"
        CANCEL_ONLY = "cancel_only"
        HALTED = "halted"
        AUCTION = "auction", "call auction"

    symbol = models.CharField(max_length=24, unique=True)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.SPOT)
    base = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+")
    quote = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+")
    tick = MoneyField(help_text="prices are multiples of this, in quote")
    lot = MoneyField(help_text="quantities are multiples of this, in base")
    minimum_notional = MoneyField(help_text="least price x quantity of an order, in quote")
    maximum_notional = MoneyField(
        default=Decimal(10**12), help_text="most price x quantity of an order, in quote"
    )
    maximum_open_orders = models.PositiveIntegerField(
        default=1000, help_text="live orders an account may have here at a time"
    )
    price_band = models.DecimalField(
        max_digits=8, decimal_places=6, null=True, blank=True,
        help_text="a buy may ask no more than reference x (1 + this), a sell no less than reference x (1 - this)",
    )  # fmt: skip
    market_protection = models.DecimalField(
        max_digits=8, decimal_places=6, default=Decimal("0.1"),
        help_text="how far from the reference price a market order may trade",
    )  # fmt: skip
    breaker_move = models.DecimalField(
        max_digits=8, decimal_places=6, null=True, blank=True,
        help_text="trades this far apart within the window halt the market",
    )  # fmt: skip
    breaker_window_seconds = models.PositiveIntegerField(default=60)
    auction_seconds = models.PositiveIntegerField(
        default=0, help_text="how long orders are collected when the halted market reopens"
    )
    maker_fee = models.DecimalField(max_digits=7, decimal_places=6, default=Decimal("0.001"))
    taker_fee = models.DecimalField(max_digits=7, decimal_places=6, default=Decimal("0.001"))
    status = models.CharField(max_length=12, choices=Status, default=Status.OPEN)
    auction_ends_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="market_steps_are_positive",
                condition=Q(tick__gt=0, tick__lte=10**9, lot__gt=0, lot__lte=10**9)
                & Q(minimum_notional__gte=0, minimum_notional__lte=10**12),
            ),
            models.CheckConstraint(
                name="market_fees_below_ten_per_cent",
                condition=Q(maker_fee__gte=0, maker_fee__lte=Decimal("0.1"))
                & Q(taker_fee__gte=0, taker_fee__lte=Decimal("0.1")),
            ),
            models.CheckConstraint(
                name="market_limits_are_sane",
                condition=Q(maximum_notional__gt=0, maximum_notional__lte=10**12, maximum_open_orders__gte=1)
                & Q(market_protection__gt=0, market_protection__lte=10, breaker_window_seconds__gte=1)
                & Q(breaker_window_seconds__lte=86_400, auction_seconds__lte=86_400)
                & (Q(price_band__isnull=True) | Q(price_band__gt=0, price_band__lte=10))
                & (Q(breaker_move__isnull=True) | Q(breaker_move__gt=0, breaker_move__lte=10)),
            ),
            models.CheckConstraint(name="market_has_two_assets", condition=~Q(base=F("quote"))),
        ]

    def __str__(self) -> str:
        return self.symbol

    def clean(self) -> None:
        unit = Decimal(1).scaleb(-self.quote.precision)
        if not is_multiple(EXACT.multiply(self.tick, self.lot), unit):
            raise ValidationError(f"tick x lot must be a multiple of {unit} {self.quote_id}")
        if not is_multiple(self.lot, Decimal(1).scaleb(-self.base.precision)):
            raise ValidationError(f"lot is finer than {self.base_id} can be counted")
