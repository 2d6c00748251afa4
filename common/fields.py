"""Database columns for money."""

from typing import Any

from django.db import models

MONEY_BOUND = 10**19


class MoneyField(models.DecimalField):
    """NUMERIC(38,18): wide enough for wei, exact."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 38)
        kwargs.setdefault("decimal_places", 18)
        super().__init__(*args, **kwargs)


def money_between(field: str, low: int, name: str) -> models.CheckConstraint:
    """low <= field <= 1e19. A range and not only `>= low`: PostgreSQL holds NaN to be larger than any number."""
    return models.CheckConstraint(
        condition=models.Q(**{f"{field}__gte": low, f"{field}__lte": MONEY_BOUND}), name=name
    )
