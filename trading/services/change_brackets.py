"""Other brackets for a contract, while positions stand on those it has."""

from collections.abc import Iterable
from decimal import Decimal

from django.db import transaction

from common.errors import ErrorCode, Refused
from risk.brackets import wrong_rows
from risk.models import Bracket, Contract, Position
from trading.models import BookState

BEYOND_ANY_PRICE = Decimal(10**15)  # a multiple of every tick, and within what the column holds


@transaction.atomic
def change_brackets(contract: Contract, rows: Iterable[tuple[Decimal, int, Decimal]]) -> None:
    """Replace them by these: (notional from, most leverage, maintenance rate) each.

    How far the price may go before an account is looked at was counted by the brackets there were, so the next
    sweep looks at every account with a position here. No market matches meanwhile: a batch that has read the old
    ones must not write what it counted by them behind this. Raises Refused VALIDATION_ERROR.
    """
    wanted = sorted(rows)
    wrong = wrong_rows(wanted)
    if wrong is not None:
        raise Refused(ErrorCode.VALIDATION_ERROR, wrong, brackets=[wrong])
    list(BookState.objects.select_for_update(no_key=True).order_by("market__symbol").values_list("pk"))
    contract.brackets.all().delete()
    Bracket.objects.bulk_create(
        Bracket(contract=contract, floor=floor, maximum_leverage=most, maintenance_rate=rate)
        for floor, most, rate in wanted
    )
    here = Position.objects.filter(market_id=contract.pk)
    here.filter(size__gt=0).update(watch_price=BEYOND_ANY_PRICE)
    here.filter(size__lt=0).update(watch_price=0)
