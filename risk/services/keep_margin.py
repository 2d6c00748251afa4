"""Money that leaves an account by another way than a trade: what its positions have lost must stay."""

from django.db import connection

from accounts.models import Balance
from common.errors import ErrorCode, Refused
from common.money import to_units
from common.pipelined import Pipeline
from risk import contract_rows
from risk.cross_margin import CrossMargin


def keep_margin(account_id: int, asset: str) -> None:
    """To be called last in the transaction that took from the balance, which is locked by it.

    Counts anew at which prices the account's positions must be looked at. Raises Refused INSUFFICIENT_MARGIN if
    unrealised losses need what was taken.
    """
    balance = Balance.objects.filter(account_id=account_id, asset=asset, margin__gt=0).first()
    if balance is None:
        return
    cross = CrossMargin(connection.connection, [account_id])
    if account_id not in cross.others:
        return
    precision = cross.others[account_id][0].contract.precision
    free = to_units(balance.available - balance.shortage, precision)
    if free + cross.losses().get(account_id, 0) < 0:
        raise Refused(ErrorCode.INSUFFICIENT_MARGIN, "Open positions have lost this already.")
    cash = free + to_units(balance.margin, precision)
    watches = cross.watches(lambda _: cash)
    if watches:
        pipeline = Pipeline(connection.connection)
        contract_rows.set_watches(pipeline, watches)
        pipeline.run()
