from django.db import models

from market.models import Market


class OrderEvent(models.Model):
    """The truth of a book: append-only, one gap-free sequence per market (docs/ARCHITECTURE.md).

    Prices are in ticks and quantities in lots of the market. What each kind means and which columns it
    fills stands in trading/matching/events.py. Without foreign-key constraints, as accounts.Posting.
    """

    class Kind(models.TextChoices):
        ACCEPTED = "A"
        TRADED = "T"
        CANCELLED = "C"
        REDUCED = "R"
        AMENDED = "M"
        UNCROSSED = "U", "traded in an auction"
        REFRESHED = "F", "refreshed (iceberg)"
        TRIGGERED = "G"
        REARMED = "Q", "amended while waiting"
        ACTIVATED = "V", "activated (exit)"
        STATUS_CHANGED = "S"
        PRICE_MOVED = "P"
        DELEVERAGED = "D"
        FUNDING_MOVED = "I", "funding was due"
        RISK_NOTED = "K", "leverage, margin or a step of a liquidation"

    pk = models.CompositePrimaryKey("market_id", "sequence")
    market = models.ForeignKey(Market, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    sequence = models.BigIntegerField()
    kind = models.CharField(max_length=1, choices=Kind)
    order_id = models.BigIntegerField(help_text="the order; in a trade the taker's; 0 without one")
    account_id = models.BigIntegerField()
    maker_order_id = models.BigIntegerField(null=True)
    maker_account_id = models.BigIntegerField(null=True)
    side = models.CharField(max_length=4, help_text="of the order; in a trade the taker's")
    price = models.BigIntegerField(null=True, help_text="in ticks")
    quantity = models.BigIntegerField(null=True, help_text="in lots")
    resting = models.BigIntegerField(default=0, help_text="lots that lie in the book, see the kind")
    reason = models.CharField(max_length=32, blank=True)
    trade_id = models.BigIntegerField(null=True)
    details = models.JSONField(null=True)
    created_at = models.DateTimeField()
