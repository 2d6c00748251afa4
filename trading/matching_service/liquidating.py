"""What is done about an account that has not the margin its positions need: one look, in one market.

warned -> its orders that would add risk are cancelled -> its position is reduced on the book, no worse than the
price at which nothing would be left -> what the book asks beyond that is paid by the insurance fund -> and what
nobody takes is closed against those who profit most. Each is a step on record and an event in the log. Everything
is decided by how the account stands now: a look that was interrupted is simply taken again.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from common.money import fee_units
from risk.cross_margin import Elsewhere, cross_holdings
from risk.health import Health, Holding, bankruptcy_price, break_even_price, restoring_lots
from trading.matching import commands
from trading.matching.events import RiskNoted
from trading.matching.reducing import is_reducing
from trading.matching.terms import (
    BUY,
    CANCEL_OLDEST,
    IOC,
    LIMIT,
    OPEN,
    OPPOSITE,
    SELL,
    Conditions,
    Reason,
)
from trading.matching_service import last_steps
from trading.matching_service.carried import Expected
from trading.matching_service.liquidation_rows import Step, lots_of, marked
from trading.matching_service.money import SpotMoney
from trading.matching_service.perpetual import Perpetual
from trading.matching_service.requests import LiquidateRequest, Looked
from trading.perpetual_settlement import INSURANCE, LIQUIDATION, MARGIN, PerpetualFill

if TYPE_CHECKING:
    from trading.matching_service.batch import Batch


def look_at(batch: "Batch", number: int, request: LiquidateRequest) -> Looked:
    """Take one look at the account; request `number` of the batch asked for it."""
    look = Look(batch, request.account_id)
    begun, seen = len(batch.carried), look.rests_on(batch, False)
    looked = (
        look.cancels_only() if request.cancel_only or not look.is_here else look.advance(request.last_resort)
    )
    has_acted = len(batch.carried) > begun
    if has_acted:
        batch.carried[begun].expects = Expected(number, lambda batch: look.rests_on(batch, True), seen)
    return replace(looked, has_acted=has_acted)


class Look:
    def __init__(self, batch: "Batch", account_id: int) -> None:
        self.batch = batch
        self.account_id = account_id
        self.key = account_id, batch.market.terms.quote
        self.is_here = isinstance(batch.money, Perpetual)

    # ---- how the account stands ----

    @property
    def money(self) -> Perpetual:
        assert isinstance(self.batch.money, Perpetual)
        return self.batch.money

    def others(self, locked: bool = False) -> Sequence[Elsewhere]:
        money = self.batch.money
        found = money.locked_others if locked else money.others
        return found.get(self.account_id, ())

    def rests_on(self, batch: "Batch", locked: bool) -> Any:
        """Everything from other markets, and the balances, that the decision depends on."""
        funds = batch.locked if locked else batch.funds
        others = tuple(
            (each.contract.market_id, each.position.size, each.position.cost, each.position.isolated_margin)
            for each in self.others(locked)
        )
        insurance = self.money.terms.insurance_account_id if self.is_here else 0
        return funds.parts(self.key), funds.parts((insurance, self.key[1])), others

    def cash(self) -> int:
        return self.batch.funds.cash(self.key[1], self.account_id)

    def health(self) -> tuple[Health, Holding | None]:
        if not self.is_here:
            assert isinstance(self.batch.money, SpotMoney)
            return self.batch.money.cross_health(self.account_id, self.cash()), None
        return self.money.health(self.money.position(self.account_id), self.others(), self.cash())

    def has_orders_elsewhere(self) -> bool:
        """Spot orders that hold what the positions could use."""
        position = self.money.position(self.account_id)
        isolated = sum(each.position.isolated_margin for each in self.others())
        return self.batch.funds.parts(self.key)[1] > isolated + position.isolated_margin

    # ---- one look ----

    def cancels_only(self) -> Looked:
        """The positions are in other contracts: only orders are taken away here."""
        own = [self.money.position(self.account_id)] if self.is_here else []
        holdings = [self.money.own_holding(each) for each in own if each.size and not each.is_isolated]
        if not Health(self.cash(), [*cross_holdings(self.others()), *holdings]).must_liquidate:
            return Looked("healthy")
        self._cancel_orders()
        return Looked("liquidating", goes_on=True)

    def advance(self, last_resort: bool) -> Looked:
        position = self.money.position(self.account_id)
        market_id = self.money.contract.market_id
        about = market_id if position.is_isolated and position.size else None
        self.case = self.batch.liquidations.case(self.account_id, about)
        health, own = self.health()
        if not health.must_liquidate:
            return self._not_needed(health, own)
        is_new = self.case.status is None
        self.case.begin(health, "liquidating")
        if is_new:
            self.note(Step("warned", health, marked(own)))
        if self._cancel_orders():
            self.note(Step("orders_cancelled", health, marked(own)))
            health, own = self.health()
        if about is None and self.has_orders_elsewhere():
            return Looked("liquidating", orders_elsewhere=True, goes_on=True)
        if health.must_liquidate and own is not None and self.batch.book.status == OPEN:
            self._reduce(health, own)
            health, own = self.health()
            if own is not None and health.is_bankrupt(own):
                if not last_resort and health.has_profits_beside(own):
                    return Looked("liquidating", profits_elsewhere=True, goes_on=True)
                last_steps.let_the_fund_pay(self, health, own)
                last_steps.deleverage(self)
        return self._result()

    def _not_needed(self, health: Health, own: Holding | None) -> Looked:
        """Healthy, or between the two levels: a warning is given once and ends well above them."""
        if self.case.status is None:
            if not health.is_warning:
                self._touch()
                return Looked("healthy")
            self.case.begin(health, "warned")
            self.note(Step("warned", health, marked(own)))
        elif health.has_recovered:
            self._end("recovered" if health.holdings else "closed", health, own)
            return Looked("recovered")
        elif self.case.status == "liquidating":
            self.note(Step("recovered", health, marked(own)))
            self.case.status = "warned"
        else:
            self._touch()
        return Looked("warned")

    def _result(self) -> Looked:
        health, own = self.health()
        if not health.holdings or (own is None and self.case.market_id is not None):
            self._end("closed", health, own)
            return Looked("closed")
        if not health.must_liquidate:
            return self._not_needed(health, own)
        return Looked("liquidating", goes_on=True)

    def _touch(self) -> None:
        """Nothing is done, but where the account is looked at next is counted anew."""
        self.batch.run(commands.Record(RiskNoted(self.account_id, LIQUIDATION, {"step": "looked_at"})))

    # ---- the steps ----

    def _cancel_orders(self) -> int:
        """All that could add to a position, or that holds what the positions need."""
        side = None if self.is_here else BUY
        own = sorted(self.batch.book.by_account.get(self.account_id, {}).items())
        risky = [
            order_id
            for order_id, order in own
            if not is_reducing(order.conditions) and (side is None or order.side == side)
        ]
        for order_id in risky:
            if order_id in self.batch.book.orders:  # it may have gone with its counterpart
                self.batch.run(commands.Unlink(order_id, Reason.LIQUIDATION))
        return len(risky)

    def _reduce(self, health: Health, own: Holding) -> None:
        """Close what restores the account, or all of it, no worse than at its bankruptcy price."""
        lots = restoring_lots(health, own)
        pays_for_others = own.unrealised > 0 >= health.backing(own)
        price = break_even_price(own) if pays_for_others else bankruptcy_price(health, own)
        fills = self.take_from_book(own, lots, price)
        if not fills:
            return
        notional = sum(fill.cost for fill in fills)
        surplus = abs(notional - price * own.terms.step * lots_of(fills))
        most = fee_units(notional, own.terms.liquidation_fee)
        if lots == abs(own.size):  # taken over as a whole: what is left of its margin is the fund's
            most = max(most, own.maintenance)
        taken = 0 if pays_for_others else self.to_insurance(min(surplus, most))
        self.note(Step("reduced", health, marked(own), price, lots_of(fills), notional, taken, fills))

    # ---- how ----

    def take_from_book(self, own: Holding, lots: int, price: int) -> list[PerpetualFill]:
        """An order that trades at once or not at all, if there is somebody to trade with."""
        side = SELL if own.size > 0 else BUY
        opposite = self.batch.book.sides[OPPOSITE[side]]
        best = opposite.best()
        if best is None or best * opposite.sign > price * opposite.sign:
            return []
        order_id = self.batch.take_order_id()
        order = commands.Place(
            order_id, self.account_id, side, LIMIT, price, lots, None, IOC, False, CANCEL_OLDEST,
            None, Conditions(reduce_only=True),
        )  # fmt: skip
        begun = len(self.batch.carried)
        self.batch.run(order, None, self.account_id, [self.case.client_order_id(order_id)])
        fills: list[Any] = [fill for carried in self.batch.carried[begun:] for fill in carried.fills]
        self.batch.follow_up()
        return fills

    def to_insurance(self, amount: int) -> int:
        position = self.money.position(self.account_id)
        if position.is_isolated and position.size:
            amount = min(amount, position.isolated_margin)
            if amount > 0:
                self.record(MARGIN, amount=-amount)
        amount = min(amount, max(0, self.cash()))
        if amount > 0:
            self.record(INSURANCE, amount=amount)
        return max(0, amount)

    def record(self, what: str, **details: Any) -> None:
        self.batch.run(commands.Record(RiskNoted(self.account_id, what, details)))

    def note(self, step: Step) -> None:
        """On record and in the log."""
        details = self.case.add(step)
        self.batch.run(commands.Record(RiskNoted(self.account_id, LIQUIDATION, details)))
        step.sequence = self.batch.book.sequence

    def _end(self, status: str, health: Health, own: Holding | None) -> None:
        self.note(Step(status, health, marked(own)))
        self.case.status = status
