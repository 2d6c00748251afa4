from django.db import models
from django.db.models import F, Q

from accounts.models import Account
from common.fields import MONEY_BOUND, MoneyField
from market.models import Market
from trading.matching import lifecycle

ACTIVE_NAMES = [status.value for status in lifecycle.ACTIVE]
ENDED_NAMES = [status.value for status in lifecycle.ENDED]


class Order(models.Model):
    """An order as it stands. Written only by the matching service, inside the symbol's lock.

    filled + open + cancelled = quantity, always. Without foreign-key constraints, as accounts.Posting.
    """

    class Side(models.TextChoices):
        BUY = "buy"
        SELL = "sell"

    class Type(models.TextChoices):
        LIMIT = "limit"
        MARKET = "market"
        STOP_LIMIT = "stop_limit"
        STOP_MARKET = "stop_market"
        TAKE_PROFIT_LIMIT = "take_profit_limit"
        TAKE_PROFIT_MARKET = "take_profit_market"
        TRAILING_STOP = "trailing_stop"

    class TimeInForce(models.TextChoices):
        GTC = "gtc", "good till cancelled"
        IOC = "ioc", "immediate or cancel"
        FOK = "fok", "fill or kill"
        GTD = "gtd", "good till date"

    class SelfTradePrevention(models.TextChoices):
        CANCEL_NEWEST = "cancel_newest"
        CANCEL_OLDEST = "cancel_oldest"
        CANCEL_BOTH = "cancel_both"
        DECREMENT = "decrement"

    class Status(models.TextChoices):
        """What leads from one to another stands in trading/matching/lifecycle.py."""

        NEW = "new", "waits for its entry"
        PENDING_TRIGGER = "pending_trigger"
        OPEN = "open"
        PARTIALLY_FILLED = "partially_filled"
        FILLED = "filled"
        CANCELLED = "cancelled"
        EXPIRED = "expired"

    OPEN_STATUSES = (Status.OPEN, Status.PARTIALLY_FILLED)
    ACTIVE_STATUSES = (Status.NEW, Status.PENDING_TRIGGER, *OPEN_STATUSES)

    id = models.BigIntegerField(primary_key=True)
    market = models.ForeignKey(Market, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    account = models.ForeignKey(Account, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    client_order_id = models.CharField(max_length=64)
    side = models.CharField(max_length=4, choices=Side)
    type = models.CharField(max_length=24, choices=Type)
    time_in_force = models.CharField(max_length=3, choices=TimeInForce)
    post_only = models.BooleanField()
    self_trade_prevention = models.CharField(max_length=13, choices=SelfTradePrevention)
    price = MoneyField(null=True)
    quantity = MoneyField(help_text="in base; of a market buy by cost, what was bought")
    quote_quantity = MoneyField(null=True, help_text="most to spend, of a market buy by cost")
    status = models.CharField(max_length=16, choices=Status)
    filled_quantity = MoneyField()
    filled_cost = MoneyField(help_text="sum of price x quantity of its trades, in quote")
    cancelled_quantity = MoneyField()
    reason = models.CharField(max_length=32, blank=True)
    priority = models.BigIntegerField(help_text="sequence of the event that gave it its place in the queue")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "client_order_id"], name="order_client_id_per_account"
            ),
            models.CheckConstraint(
                name="order_adds_up",
                condition=Q(filled_quantity__gte=0, cancelled_quantity__gte=0, filled_cost__gte=0)
                & Q(quantity__gte=0, quantity__lte=MONEY_BOUND, filled_cost__lte=MONEY_BOUND)
                & (
                    Q(
                        status__in=ACTIVE_NAMES,
                        quantity__gt=F("filled_quantity") + F("cancelled_quantity"),
                    )
                    | Q(
                        status__in=ENDED_NAMES,
                        quantity=F("filled_quantity") + F("cancelled_quantity"),
                    )
                ),
            ),
        ]
        indexes = [
            models.Index(
                fields=["market", "priority"],
                name="order_open_in_market",
                condition=Q(status__in=ACTIVE_NAMES),
            ),
            models.Index(
                fields=["account", "-id"],
                name="order_open_of_account",
                condition=Q(status__in=ACTIVE_NAMES),
            ),
            models.Index(fields=["account", "-id"], name="order_of_account"),
        ]

    def __str__(self) -> str:
        return str(self.id)
