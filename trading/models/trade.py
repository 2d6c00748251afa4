from django.db import models
from django.db.models import Q

from accounts.models import Account
from common.fields import MONEY_BOUND, MoneyField
from market.models import Market
from trading.models.order import Order


class Trade(models.Model):
    """A fill: at the maker's price, one maker, one taker. Append-only; no foreign-key constraints.

    On spot each side's fee is in the asset that side received: the buyer pays in base, the seller in quote. In a
    perpetual both pay in quote.
    """

    id = models.BigIntegerField(primary_key=True)
    market = models.ForeignKey(Market, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    sequence = models.BigIntegerField()
    price = MoneyField()
    quantity = MoneyField()
    cost = MoneyField(help_text="price x quantity, in quote")
    taker_side = models.CharField(max_length=4, choices=Order.Side)
    taker_order = models.ForeignKey(
        Order, on_delete=models.DO_NOTHING, db_constraint=False, related_name="taker_trades"
    )
    maker_order = models.ForeignKey(
        Order, on_delete=models.DO_NOTHING, db_constraint=False, related_name="maker_trades"
    )
    taker_account = models.ForeignKey(
        Account, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    maker_account = models.ForeignKey(
        Account, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    taker_fee = MoneyField()
    maker_fee = MoneyField()
    ledger_transaction_id = models.BigIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["market", "sequence"], name="trade_per_event"),
            models.CheckConstraint(
                name="trade_is_positive",
                condition=Q(price__gt=0, quantity__gt=0, cost__gt=0, price__lte=MONEY_BOUND)
                & Q(quantity__lte=MONEY_BOUND, cost__lte=MONEY_BOUND)
                & Q(
                    taker_fee__gte=0, maker_fee__gte=0, taker_fee__lte=MONEY_BOUND, maker_fee__lte=MONEY_BOUND
                ),
            ),
            models.CheckConstraint(
                name="trade_has_two_owners", condition=~Q(taker_account=models.F("maker_account"))
            ),
        ]
        indexes = [
            models.Index(fields=["taker_account", "-id"], name="trade_of_taker"),
            models.Index(fields=["maker_account", "-id"], name="trade_of_maker"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def fee_assets(self) -> tuple[str, str]:
        """What taker and maker pay their fees in."""
        base, quote = self.market.base_id, self.market.quote_id
        if self.market.kind == Market.Kind.PERPETUAL:
            return quote, quote
        return (base, quote) if self.taker_side == Order.Side.BUY else (quote, base)
