from django.db import models

from common.fields import MoneyField
from market.models import Market


class BookState(models.Model):
    """The row that is locked to match a market: one writer per symbol, and the newest sequence.

    `epoch` changes when the row is made anew, so that a warm book of an emptied database is thrown away.
    """

    market = models.OneToOneField(Market, on_delete=models.PROTECT, primary_key=True, related_name="book")
    sequence = models.BigIntegerField(default=0)
    epoch = models.UUIDField()
    last_price = MoneyField(null=True)
    mark_price = MoneyField(null=True, help_text="as the triggers saw it last")
    index_price = MoneyField(null=True, help_text="as the triggers saw it last")
    opened_at = models.DateTimeField(null=True, help_text="when the market last changed its state")
    next_expiry_at = models.DateTimeField(
        null=True, help_text="of the live orders with an end date, the first"
    )
    watches_prices = models.BooleanField(
        default=False, help_text="whether orders wait for a mark or an index price"
    )
    last_event_at = models.DateTimeField(null=True)
