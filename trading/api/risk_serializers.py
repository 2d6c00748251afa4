"""How positions, margin, exposure and liquidations look from outside."""

from rest_framework import serializers

from common.api.fields import Milliseconds, MoneyString, SignedMoneyString
from risk.models import ExposureLimit, Liquidation, LiquidationStep, Position
from risk.selectors.positions import HIGHEST_RATIO

_SIDES = ["long", "short"]


class PositionSerializer(serializers.Serializer):
    """A position in a perpetual: money in quote, size in base. Of size 0 it tells the leverage and the history."""

    symbol = serializers.CharField()
    side = serializers.ChoiceField(_SIDES, allow_null=True, help_text="null: nothing is open")
    size = MoneyString()
    mode = serializers.ChoiceField(
        Position.Mode.choices, help_text="whether it shares its margin with others"
    )
    leverage = serializers.IntegerField()
    entry_price = MoneyString(allow_null=True, help_text="on average, rounded to 8 decimals")
    mark_price = MoneyString(allow_null=True)
    liquidation_price = MoneyString(
        allow_null=True, help_text="the mark price at which it is liquidated if all else stays; null: at none"
    )
    bankruptcy_price = MoneyString(allow_null=True, help_text="where nothing would be left of its margin")
    notional = MoneyString(help_text="at the mark price")
    unrealised_profit = SignedMoneyString(help_text="at the mark price")
    realised_profit = SignedMoneyString(help_text="since the beginning, before fees and funding")
    fees_paid = MoneyString()
    funding_paid = SignedMoneyString(help_text="what is due and not settled yet included; negative: received")
    initial_margin = MoneyString(help_text="entry notional / leverage")
    maintenance_margin = MoneyString(help_text="by the bracket of the notional")
    isolated_margin = MoneyString(help_text="allotted to this position alone; 0 if it is cross")
    requirement = MoneyString(help_text="what it and its open orders require of the balance, fees included")
    margin_ratio = MoneyString(
        allow_null=True,
        help_text="maintenance margin over equity: of the position alone if it is isolated, else of all that is cross, "
        f"as in the account; liquidated above 1. At most {HIGHEST_RATIO}, which is also told if no equity is left; "
        "null: nothing is open",
    )
    exposure = MoneyString(help_text="of the larger side, if its orders filled")
    deleverage_rank = serializers.IntegerField(
        allow_null=True, help_text="1 to 5, the fifth of the line: those in 5 are deleveraged first"
    )
    deleverage_place = serializers.IntegerField(
        allow_null=True, help_text="1 is first in line; of more than 1000, about"
    )
    deleverage_of = serializers.IntegerField(allow_null=True, help_text="how many stand in the line")


class UsedLimitSerializer(serializers.Serializer):
    scope = serializers.ChoiceField(
        ExposureLimit.Scope.choices, help_text="`user`: yours; `contract` and `total`: everybody's"
    )
    symbol = serializers.CharField(allow_null=True, help_text="null: all contracts together")
    maximum = MoneyString()
    used = MoneyString()


class LiquidationStepSerializer(serializers.Serializer):
    """What was done, in order. Equity and maintenance margin: before it."""

    number = serializers.IntegerField()
    kind = serializers.ChoiceField(LiquidationStep.Kind.choices)
    symbol = serializers.CharField(source="market.symbol", allow_null=True, default=None)
    time = Milliseconds(source="created_at")
    sequence = serializers.IntegerField(allow_null=True, help_text="of its event in the market's log")
    order_id = serializers.SerializerMethodField(help_text="the order that took from the book")
    mark_price = MoneyString(allow_null=True)
    bankruptcy_price = MoneyString(allow_null=True, help_text="no worse than this was traded")
    quantity = MoneyString(help_text="closed, in base")
    notional = MoneyString(help_text="what it traded for")
    to_insurance = SignedMoneyString(help_text="to the insurance fund; negative: paid by it")
    equity = SignedMoneyString()
    maintenance_margin = MoneyString()

    def get_order_id(self, step: LiquidationStep) -> str | None:
        return None if step.order_id is None else str(step.order_id)


class LiquidationSerializer(serializers.Serializer):
    """From the warning to the end. Equity and maintenance margin: when it began."""

    id = serializers.IntegerField()
    symbol = serializers.CharField(
        source="market.symbol", allow_null=True, default=None,
        help_text="of an isolated position; null: all that is cross",
    )  # fmt: skip
    status = serializers.ChoiceField(Liquidation.Status.choices)
    equity = SignedMoneyString()
    maintenance_margin = MoneyString()
    started_at = Milliseconds()
    ended_at = Milliseconds(allow_null=True)
    steps = LiquidationStepSerializer(many=True)


class MarginSerializer(serializers.Serializer):
    """The part of an account that is about perpetuals, in USDT."""

    wallet = MoneyString(help_text="the balance that is the collateral")
    margin_equity = SignedMoneyString(help_text="wallet + unrealised profit - funding due")
    unrealised_profit = SignedMoneyString(help_text="of all positions at mark prices")
    funding_due = SignedMoneyString(help_text="and not settled yet; negative: to be received")
    margin = MoneyString(help_text="bound by positions and their orders")
    free_margin = MoneyString(help_text="what new positions can use: unrealised losses count, profits do not")
    cross_equity = SignedMoneyString(
        help_text="what cross positions can lose: of the wallet what no spot order and no isolated margin holds, with "
        "their unrealised profit less their funding due"
    )
    maintenance_margin = MoneyString(
        help_text="of all cross positions; with less cross_equity than this they are liquidated. An isolated position "
        "has its own in `positions`"
    )
    margin_ratio = MoneyString(
        allow_null=True,
        help_text="maintenance_margin over cross_equity; cross positions are liquidated above 1. At most "
        f"{HIGHEST_RATIO}, which is also told if no equity is left; null: no cross position. An isolated position has "
        "its own in `positions`",
    )
    exposure = MoneyString(help_text="of positions and orders in all contracts")
    exposure_limits = UsedLimitSerializer(many=True)


class ContractExposureSerializer(serializers.Serializer):
    symbol = serializers.CharField()
    exposure = MoneyString(help_text="of everybody: positions and orders at the larger side")
    maximum = MoneyString(allow_null=True, help_text="null: no limit")
    user_maximum = MoneyString(allow_null=True, help_text="of one user in this contract")
    open_interest = MoneyString(help_text="in base")
    longs = serializers.IntegerField(help_text="positions")
    shorts = serializers.IntegerField(help_text="positions")
    mark_price = MoneyString(allow_null=True)
    index_price = MoneyString(allow_null=True)
    funding_rate = SignedMoneyString(help_text="the last one paid")
    next_funding_at = Milliseconds(allow_null=True)
    insurance = SignedMoneyString(help_text="what the insurance fund has; negative: it owes")


class ExposureSerializer(serializers.Serializer):
    """What everybody risks, in quote."""

    contracts = ContractExposureSerializer(many=True)
    total = MoneyString()
    maximum = MoneyString(allow_null=True, help_text="of everybody in all contracts")
    user_maximum = MoneyString(allow_null=True, help_text="of one user in all contracts")
