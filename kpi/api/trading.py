"""GET /api/v1/kpi/trading"""

from decimal import Decimal
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.fields import Milliseconds, MoneyString
from kpi.api.kpi_view import KpiView, WindowSerializer, asked_window, decimals, describe, share
from kpi.selectors import TradingFigures, trading_figures
from kpi.selectors.trading import Counts, MarketFigures, TradingStep

FILL_RATIO = (
    "filled / (filled + cancelled + expired): of the orders that ended, those filled to the end; null: none"
)


class CountsSerializer(serializers.Serializer):
    orders = serializers.IntegerField(help_text="accepted")
    trades = serializers.IntegerField()
    filled = serializers.IntegerField(help_text="orders filled to the end")
    cancelled = serializers.IntegerField(help_text="orders, filled in part or not")
    expired = serializers.IntegerField(help_text="likewise")
    fill_ratio = serializers.FloatField(allow_null=True, help_text=FILL_RATIO)


class SpreadSerializer(serializers.Serializer):
    """Best ask less best bid, looked at every five seconds; bps: hundredths of a per cent of the middle."""

    last = MoneyString(help_text="in quote")
    average = MoneyString(help_text="in quote, rounded to 8 decimals")
    last_bps = serializers.FloatField()
    average_bps = serializers.FloatField()


class MarketKpiSerializer(CountsSerializer):
    symbol = serializers.CharField()
    quote = serializers.CharField()
    volume = MoneyString(help_text="in base")
    quote_volume = MoneyString()
    spread = SpreadSerializer(allow_null=True, help_text="null: one side of the book was always empty")
    open_interest = MoneyString(allow_null=True, help_text="in base, as it is now; null on spot")


class QuoteVolumeSerializer(serializers.Serializer):
    asset = serializers.CharField()
    amount = MoneyString()


class LiquidationStepsSerializer(serializers.Serializer):
    kind = serializers.CharField()
    steps = serializers.IntegerField()


class LiquidationsKpiSerializer(serializers.Serializer):
    begun = serializers.IntegerField(help_text="from the warning on; those of margin accounts too")
    by_kind = LiquidationStepsSerializer(many=True, help_text="what was done in them, step by step")


class TradingStepSerializer(CountsSerializer):
    """One minute or hour; those in which nothing happened are left out."""

    time = Milliseconds()
    quote_volumes = QuoteVolumeSerializer(many=True)


class TradingKpiSerializer(WindowSerializer, CountsSerializer):
    """All markets together, and each."""

    quote_volumes = QuoteVolumeSerializer(many=True)
    active_users = serializers.IntegerField(
        help_text="who placed, amended or cancelled an order, or traded, since `start`"
    )
    liquidations = LiquidationsKpiSerializer()
    markets = MarketKpiSerializer(many=True)
    series = TradingStepSerializer(many=True)


class TradingView(KpiView):
    """What is traded, how much of what was asked for, and by how many."""

    @describe("kpi_trading", TradingKpiSerializer)
    def get(self, request: Request) -> Response:
        asked = asked_window(request)
        told = _told(trading_figures(asked)) | asked._asdict() | {"window": asked.name}
        return Response(TradingKpiSerializer(told).data)


def _told(figures: TradingFigures) -> dict[str, Any]:
    kinds = figures.liquidation_steps.items()
    return _counts(figures.counts) | {
        "as_of": figures.as_of,
        "quote_volumes": _volumes(figures.quote_volumes),
        "active_users": figures.active_users,
        "liquidations": {
            "begun": figures.liquidations_begun,
            "by_kind": [{"kind": kind, "steps": steps} for kind, steps in kinds],
        },
        "markets": [_market(each) for each in figures.markets],
        "series": [_step(each) for each in figures.steps],
    }


def _counts(counts: Counts) -> dict[str, Any]:
    return counts._asdict() | {"fill_ratio": share(counts.filled, counts.ended)}


def _volumes(amounts: dict[str, Decimal]) -> list[dict[str, Any]]:
    return [{"asset": asset, "amount": amount} for asset, amount in amounts.items()]


def _market(each: MarketFigures) -> dict[str, Any]:
    return each._asdict() | _counts(each.counts) | {"spread": _spread(each)}


def _spread(each: MarketFigures) -> dict[str, Any] | None:
    if each.spread is None or each.spread_bps is None:
        return None
    return {
        "last": each.spread.last,
        "average": round(each.spread.average, 8),
        "last_bps": decimals(each.spread_bps.last, 4),
        "average_bps": decimals(each.spread_bps.average, 4),
    }


def _step(each: TradingStep) -> dict[str, Any]:
    return _counts(each.counts) | {"time": each.start, "quote_volumes": _volumes(each.quote_volumes)}
