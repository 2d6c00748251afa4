"""Lists: `limit` and `cursor` in, `results` and `next_cursor` out."""

from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.query import BIGINT_MAX, query_integer

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000


def read_limit(request: Request, default: int = DEFAULT_LIMIT, maximum: int = MAX_LIMIT) -> int:
    """How many results the client wants. Raises ValidationError outside 1..maximum."""
    limit = query_integer(request, "limit", default, 1, maximum)
    assert limit is not None
    return limit


def read_cursor(request: Request) -> int | None:
    """The id after which the page begins; None for the first page. Raises ValidationError."""
    try:
        return query_integer(request, "cursor", None, 0, BIGINT_MAX)
    except ValidationError as error:
        raise ValidationError({"cursor": ["Must be a next_cursor of an earlier answer."]}) from error


class CursorPage(BasePagination):
    """Pages by a growing integer key, newest first, so that every page costs the same however long the list.

    The cursor is the key of the last row shown. Subclass to page by another unique key or oldest first.
    """

    key = "id"
    newest_first = True
    default_limit = DEFAULT_LIMIT
    max_limit = MAX_LIMIT
    next_cursor: str | None = None

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """The rows of one page of a QuerySet. Raises ValidationError for a bad limit or cursor."""
        limit = read_limit(request, self.default_limit, self.max_limit)
        cursor = read_cursor(request)
        if cursor is not None:
            queryset = queryset.filter(**{f"{self.key}__{'lt' if self.newest_first else 'gt'}": cursor})
        rows = list(queryset.order_by(f"-{self.key}" if self.newest_first else self.key)[: limit + 1])
        self.next_cursor = str(getattr(rows[limit - 1], self.key)) if len(rows) > limit else None
        return rows[:limit]

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next_cursor": self.next_cursor})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["results", "next_cursor"],
            "properties": {
                "results": schema,
                "next_cursor": {
                    "type": "string",
                    "nullable": True,
                    "description": "pass as `cursor` for the next page; null at the end",
                },
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        limit = {"type": "integer", "minimum": 1, "maximum": self.max_limit, "default": self.default_limit}
        cursor = {"type": "string"}
        return [
            {"name": "limit", "in": "query", "required": False, "schema": limit, "description": "page size"},
            {
                "name": "cursor",
                "in": "query",
                "required": False,
                "schema": cursor,
                "description": "`next_cursor` of the page before",
            },
        ]
