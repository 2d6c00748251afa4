"""What margin requests may say, and what the answers look like."""

from typing import Any

from rest_framework import serializers

from common.api.fields import Milliseconds, MoneyString, StrictChoice, StrictString
from common.api.serializers import StrictSerializer
from risk.models import Liquidation, LiquidationStep
from risk.spot_margin import Health
from trading.api.market_data import SignedMoneyString
from trading.api.serializers import MAIN, MARGIN


def _asset() -> StrictString:
    return StrictString(max_length=12, trim_whitespace=False)


class TransferSerializer(StrictSerializer):
    asset = _asset()
    amount = MoneyString(positive=True)
    to = StrictChoice([(MAIN, MAIN), (MARGIN, MARGIN)], help_text="which of your accounts gets it")


class BorrowSerializer(StrictSerializer):
    asset = _asset()
    amount = MoneyString(positive=True)


class RepaySerializer(StrictSerializer):
    asset = _asset()
    amount = MoneyString(
        positive=True, required=False, allow_null=True, help_text="without it all that is owed"
    )


class LoanSerializer(serializers.Serializer):
    """What is owed of one asset, from the first unit borrowed until all is paid back."""

    id = serializers.IntegerField()
    asset = serializers.CharField(source="asset_id")
    principal = MoneyString(help_text="borrowed and not paid back")
    interest = MoneyString(help_text="due and not paid; it bears no interest itself")
    interest_charged = MoneyString(help_text="since the loan was opened")
    opened_at = Milliseconds()
    accrued_until = Milliseconds(help_text="the next hour begins, and is charged, then")
    closed_at = Milliseconds(allow_null=True)


class MarginAssetSerializer(serializers.Serializer):
    asset = serializers.CharField()
    total = MoneyString()
    available = MoneyString()
    held = MoneyString(help_text="reserved by open orders")
    borrowed = MoneyString()
    interest = MoneyString()
    price = MoneyString(allow_null=True, help_text="index; null while there is none that is fresh")
    haircut = MoneyString(help_text="share of the value that does not count as collateral")
    maintenance_rate = MoneyString(help_text="equity that a debt in it needs, as a share of the debt")
    hourly_rate = MoneyString(help_text="interest for each hour begun")
    borrowable = MoneyString(help_text="the most that may be borrowed now")


class MarginStepSerializer(serializers.Serializer):
    number = serializers.IntegerField()
    kind = serializers.ChoiceField(LiquidationStep.Kind.choices)
    order_id = serializers.SerializerMethodField()
    quantity = MoneyString()
    notional = MoneyString()
    to_insurance = SignedMoneyString()
    details = serializers.DictField()
    time = Milliseconds(source="created_at")

    def get_order_id(self, step: Any) -> str | None:
        return None if step.order_id is None else str(step.order_id)


class MarginLiquidationSerializer(serializers.Serializer):
    """A warning, or a liquidation that goes on."""

    id = serializers.IntegerField()
    status = serializers.ChoiceField(Liquidation.Status.choices)
    started_at = Milliseconds()
    steps = MarginStepSerializer(many=True)


class MarginSerializer(serializers.Serializer):
    """Amounts are in `quote` at index prices. equity = collateral - debt; level = collateral / debt."""

    tier = serializers.CharField()
    maximum_leverage = serializers.IntegerField(help_text="debt may be (this - 1) x equity when it is made")
    quote = serializers.CharField()
    status = serializers.ChoiceField([(health.value, health.value) for health in Health])
    assets_value = MoneyString()
    collateral = MoneyString(help_text="value of the assets less haircuts")
    debt = MoneyString()
    equity = SignedMoneyString()
    maintenance_margin = MoneyString(help_text="with less equity than this the account is liquidated")
    warning_margin = MoneyString(help_text="with less equity than this you are warned")
    level = MoneyString(allow_null=True, help_text="rounded down; null without a debt")
    unpriced = serializers.ListField(
        child=serializers.CharField(),
        help_text="assets without a fresh price, on which nothing can be decided",
    )
    assets = MarginAssetSerializer(many=True)
    loans = LoanSerializer(many=True)
    liquidation = MarginLiquidationSerializer(allow_null=True)
