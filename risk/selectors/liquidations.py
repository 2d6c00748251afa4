"""What has happened to accounts whose margin ran out, or nearly did."""

from collections.abc import Sequence

from django.db.models import QuerySet

from risk.models import Liquidation


def liquidations(account_id: int) -> QuerySet[Liquidation]:
    """Newest first, with their steps in order."""
    rows = Liquidation.objects.filter(account_id=account_id).select_related("market")
    return rows.prefetch_related("steps__market").order_by("-id")


def open_liquidations(account_id: int) -> Sequence[Liquidation]:
    """From the warning to the end, with their steps: of all that is cross, and of isolated positions."""
    return list(liquidations(account_id).filter(status__in=Liquidation.OPEN))
