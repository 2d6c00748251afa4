"""A line in the history that the admin shows of a market: who did what, and why."""

from django.contrib.admin.models import CHANGE, LogEntry

from accounts.models import User
from market.models import Market


def note(by: User, market: Market, message: str) -> None:
    rows = Market.objects.filter(pk=market.pk)
    LogEntry.objects.log_actions(by.pk, rows, CHANGE, message, single_object=True)
