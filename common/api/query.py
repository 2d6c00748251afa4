"""Reading integers from the query string."""

import re

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

_INTEGER = re.compile(r"-?[0-9]{1,19}", re.ASCII)
BIGINT_MAX = 2**63 - 1


def query_integer(
    request: Request, name: str, default: int | None = None, low: int = 0, high: int = BIGINT_MAX
) -> int | None:
    """The query parameter as an integer within low..high; the default if it is absent.

    Raises ValidationError naming the parameter for anything else.
    """
    text = request.query_params.get(name)
    if text is None:
        return default
    if not _INTEGER.fullmatch(text) or not low <= int(text) <= high:
        raise ValidationError({name: [f"Must be an integer from {low} to {high}."]})
    return int(text)


def refuse_unknown_parameters(request: Request, *known: str) -> None:
    """For requests where a misspelt parameter would do far more than was meant.

    Raises ValidationError naming each parameter that is not known or is given twice.
    """
    wrong = {
        name[:64]: ["This parameter is not known." if name not in known else "Give this parameter once."]
        for name, values in request.query_params.lists()
        if name not in known or len(values) != 1
    }
    if wrong:
        raise ValidationError(wrong)
