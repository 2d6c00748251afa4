"""What every endpoint's description shares: the error shape."""

from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers

from common.errors import ErrorCode

_MEANINGS = {
    400: "The request or one of its fields is wrong; `details` names each.",
    401: "No valid access token, or credentials that are not right.",
    403: "Not allowed, or the user is suspended.",
    404: "There is no such thing, or it is not yours.",
    409: "It conflicts with what is there.",
    413: "The body is larger than 1 MiB.",
    415: "The body is not application/json.",
    422: "Understood and refused; `code` says why and nothing was changed.",
    429: "Too many requests; `Retry-After` says how many seconds to wait.",
    503: "A part is not available; `Retry-After` says how many seconds to wait.",
}


class Error(serializers.Serializer):
    """Every error has this shape."""

    code = serializers.ChoiceField(choices=[(code.name, code.text) for code in ErrorCode])
    message = serializers.CharField(help_text="for people; may change, `code` does not")
    details = serializers.DictField(help_text="for VALIDATION_ERROR a list of messages for each wrong field")


def errors(*statuses: int) -> dict[int, OpenApiResponse]:
    """The error answers of an endpoint, for `extend_schema(responses={200: ..., **errors(400, 404)})`.

    429 and 503, which any endpoint can answer, are added.
    """
    every = sorted({*statuses, 429, 503})
    return {status: OpenApiResponse(Error, description=_MEANINGS[status]) for status in every}
