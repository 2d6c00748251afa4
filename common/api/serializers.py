"""Base of the serializers that read requests."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

SHOWN_UNKNOWN_FIELDS = 20


class StrictSerializer(serializers.Serializer):
    """Refuses fields that it does not know: a misspelt `post_onyl` must not become an order that takes."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            self._refuse_unknown(data)
        return super().to_internal_value(data)

    def _refuse_unknown(self, data: Mapping[str, Any]) -> None:
        known = {field.field_name for field in self._writable_fields}
        unknown = [name for name in data if name not in known][:SHOWN_UNKNOWN_FIELDS]
        if unknown:
            raise serializers.ValidationError({name[:64]: ["This field is not known."] for name in unknown})
