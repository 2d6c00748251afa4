"""What all KPI endpoints share: for staff, over one of three windows, made of roll-ups."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.permissions import IsStaff
from common import clock
from common.api.fields import Milliseconds
from common.api.query import refuse_unknown_parameters
from common.api.schema import errors
from kpi.windows import DEFAULT, LENGTHS, Window, window

WINDOW = OpenApiParameter(
    "window",
    str,
    enum=list(LENGTHS),
    default=DEFAULT,
    description="Whole minutes (of 1h) or hours (of 24h and 7d), and the one under way.",
)


class KpiView(APIView):
    """Staff only: an API key does not do."""

    permission_classes = [IsStaff]


class WindowSerializer(serializers.Serializer):
    """Of which stretch of time the figures are."""

    window = serializers.ChoiceField(list(LENGTHS))
    start = Milliseconds(help_text="of the first minute or hour that is counted")
    end = Milliseconds(help_text="the time of this answer")
    step_seconds = serializers.IntegerField(help_text="how long each of `series` is")
    as_of = Milliseconds(
        allow_null=True,
        help_text="when all this was last brought up to date; null: never, is a worker running?",
    )


def describe(name: str, shape: Any) -> Callable[..., Any]:
    """The OpenAPI description of a KPI endpoint."""
    return extend_schema(
        operation_id=name,
        tags=["staff"],
        parameters=[WINDOW],
        responses={200: shape, **errors(400, 401, 403)},
    )


def asked_window(request: Request) -> Window:
    """Raises ValidationError for another window, or another parameter."""
    refuse_unknown_parameters(request, "window")
    name = request.query_params.get("window", DEFAULT)
    if name not in LENGTHS:
        raise ValidationError({"window": [f"Must be one of {', '.join(LENGTHS)}."]})
    return window(name, clock.now())


def share(part: int, whole: int) -> float | None:
    """Of one, with six decimals; None of nothing."""
    return round(part / whole, 6) if whole else None


def milliseconds(microseconds: float | None) -> float | None:
    return None if microseconds is None else round(microseconds / 1000, 3)


def decimals(value: Decimal | float | None, places: int) -> float | None:
    return None if value is None else round(float(value), places)
