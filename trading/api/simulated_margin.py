"""A leveraged trade before it is made.

POST /api/v1/trades/simulate-margin
"""

from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import signed_in
from accounts.api.permissions import ReadScope
from accounts.models import User
from common.api.fields import MoneyString, StrictChoice, StrictInteger, StrictString
from common.api.schema import errors
from common.api.serializers import StrictSerializer
from common.errors import Refused
from common.money import from_units
from risk.proposal import Proposal
from risk.selectors import SimulatedMargin, simulated_margin

MOST_LEVERAGE = 1000  # that a bracket can have; what a user may have is in `engine`
SIDES = {"long": True, "short": False, "buy": True, "sell": False}
FEWEST_DECIMALS = 2


class SimulateMarginSerializer(StrictSerializer):
    """A trade in a perpetual, not to be made."""

    symbol = StrictString(max_length=24, trim_whitespace=False)
    side = StrictChoice([(side, side) for side in SIDES], help_text="`buy` is `long`, `sell` is `short`")
    size = MoneyString(positive=True, help_text="in base")
    price = MoneyString(positive=True)
    leverage = StrictInteger(min_value=1, max_value=MOST_LEVERAGE)


class EngineSerializer(serializers.Serializer):
    """What this exchange would do, for the caller's tier: amounts in quote, prices to the cent or finer ticks."""

    tier = serializers.ChoiceField(User.Tier.choices)
    allowed = serializers.BooleanField(help_text="by price, size and leverage; not by what the account has")
    reason = serializers.CharField(allow_null=True, help_text="why it is not allowed: a code of an error")
    message = serializers.CharField(allow_null=True, help_text="the reason in words")
    maximum_leverage = serializers.IntegerField(
        help_text="the lower of the tier's and of the brackets' at this size"
    )
    notional = MoneyString()
    initial_margin = MoneyString(help_text="notional / leverage")
    maintenance_margin = MoneyString(help_text="by the bracket of the notional")
    opening_fee = MoneyString(help_text="if the order takes")
    closing_fee = MoneyString(help_text="kept back from the beginning")
    required_margin = MoneyString(help_text="what must be free: the initial margin and both fees")
    liquidation_price = MoneyString(
        allow_null=True, help_text="with the initial margin and nothing else behind it; null: at no price"
    )
    bankruptcy_price = MoneyString(allow_null=True, help_text="likewise, where nothing would be left")
    isolated_margin = MoneyString(help_text="what an isolated position keeps: its closing fee too")
    isolated_liquidation_price = MoneyString(allow_null=True, help_text="with the isolated margin")


class SimulatedMarginSerializer(serializers.Serializer):
    """A quick estimate, and under `engine` what would really happen; docs/margin.md says why they differ."""

    required_margin = MoneyString(help_text="size x price / leverage")
    maintenance_margin = MoneyString(help_text="half of required_margin")
    liquidation_price = MoneyString(help_text="price x (1 -+ (1 / leverage - 0.005))")
    max_loss = MoneyString(help_text="1.1 x required_margin")
    engine = EngineSerializer()


class SimulateMarginView(APIView):
    """What a leveraged trade would need, and where it would end; nothing is traded."""

    permission_classes = [ReadScope]

    @extend_schema(
        operation_id="simulate_margin",
        tags=["perpetuals"],
        request=SimulateMarginSerializer,
        responses={200: SimulatedMarginSerializer, **errors(400, 401, 403, 404, 413, 415, 422)},
    )
    def post(self, request: Request) -> Response:
        serializer = SimulateMarginSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        asked, tier = serializer.validated_data, signed_in(request).tier
        proposal = Proposal(
            SIDES[asked["side"]], Fraction(asked["size"]), Fraction(asked["price"]), asked["leverage"]
        )
        return Response(simulation_json(simulated_margin(asked["symbol"], tier, proposal), tier))


def simulation_json(simulated: SimulatedMargin, tier: str) -> dict[str, Any]:
    """As SimulatedMarginSerializer describes it."""
    precision = simulated.market.quote.precision
    quick = {name: rounded_text(amount, precision) for name, amount in simulated.estimate._asdict().items()}
    return quick | {"engine": _engine_json(simulated, tier, precision)}


def _engine_json(simulated: SimulatedMargin, tier: str, precision: int) -> dict[str, Any]:
    shown = simulated.outlook
    finest = max(FEWEST_DECIMALS, -int(simulated.market.tick.normalize().as_tuple().exponent))

    def money(units: int) -> str:
        return rounded_text(Fraction(from_units(units, precision)), precision)

    def price(per_base: Fraction | None) -> str | None:
        return None if per_base is None else rounded_text(per_base / 10**precision, finest)

    return {
        "tier": tier,
        **_refusal_json(simulated.refusal),
        "maximum_leverage": simulated.maximum_leverage,
        "notional": money(shown.notional),
        "initial_margin": money(shown.initial_margin),
        "maintenance_margin": money(shown.maintenance_margin),
        "opening_fee": money(shown.opening_fee),
        "closing_fee": money(shown.closing_fee),
        "required_margin": money(shown.required_margin),
        "liquidation_price": price(shown.liquidation_price),
        "bankruptcy_price": price(shown.bankruptcy_price),
        "isolated_margin": money(shown.isolated_margin),
        "isolated_liquidation_price": price(shown.isolated_liquidation_price),
    }


def _refusal_json(refusal: Refused | None) -> dict[str, Any]:
    if refusal is None:
        return {"allowed": True, "reason": None, "message": None}
    return {"allowed": False, "reason": refusal.code.name, "message": refusal.message}


def rounded_text(amount: Fraction, most_decimals: int) -> str:
    """Half up to most_decimals, with at least two of them: "500.00", "166.66666667"."""
    steps = floor(amount * 10**most_decimals + Fraction(1, 2))
    whole, _, fraction = f"{Decimal(steps).scaleb(-most_decimals):f}".partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(FEWEST_DECIMALS, '0')}"
