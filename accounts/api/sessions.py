"""GET and DELETE /api/v1/auth/sessions, DELETE /api/v1/auth/sessions/{id}"""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import signed_in
from accounts.api.permissions import IsPerson
from accounts.api.visitors import session_id_of
from accounts.models import Session
from accounts.selectors import live_sessions
from accounts.services import end_session, end_sessions
from common.api.fields import Milliseconds
from common.api.pagination import CursorPage
from common.api.schema import errors


class SessionShown(serializers.ModelSerializer):
    api_key = serializers.IntegerField(
        source="api_key_id", allow_null=True, help_text="the id of the key that signed in; null: a person"
    )
    created_at = Milliseconds()
    last_used_at = Milliseconds(help_text="to the minute")
    expires_at = Milliseconds(help_text="unless it is refreshed before")
    is_current = serializers.SerializerMethodField(help_text="the one that asks")

    class Meta:
        model = Session
        fields = [
            "id",
            "kind",
            "api_key",
            "address",
            "user_agent",
            "created_at",
            "last_used_at",
            "expires_at",
            "is_current",
        ]

    def get_is_current(self, session: Session) -> bool:
        return bool(session.pk == self.context["current"])


class Ended(serializers.Serializer):
    ended = serializers.IntegerField(help_text="how many sessions")


class SessionsView(GenericAPIView):
    """Where a user is signed in."""

    permission_classes = [IsPerson]
    serializer_class = SessionShown
    pagination_class = CursorPage
    queryset = Session.objects.none()

    @extend_schema(
        operation_id="sessions_list",
        tags=["security"],
        responses={200: SessionShown(many=True), **errors(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """Where you are signed in: each log-in of yours and of your API keys that still counts, newest first."""
        rows = self.paginate_queryset(live_sessions(signed_in(request)))
        context = {"current": session_id_of(request)}
        return self.get_paginated_response(SessionShown(rows, many=True, context=context).data)

    @extend_schema(
        operation_id="sessions_end_others", tags=["security"], responses={200: Ended, **errors(401, 403)}
    )
    def delete(self, request: Request) -> Response:
        """Signs out everywhere else: every session but the one that asks, those of your API keys too."""
        ended = end_sessions(signed_in(request), but=session_id_of(request))
        return Response(Ended({"ended": ended}).data)


class SessionView(APIView):
    permission_classes = [IsPerson]

    @extend_schema(
        operation_id="sessions_end",
        tags=["security"],
        parameters=[OpenApiParameter("session_id", OpenApiTypes.INT64, OpenApiParameter.PATH)],
        responses={204: None, **errors(401, 403, 404)},
    )
    def delete(self, request: Request, session_id: int) -> Response:
        """Signs out one session: its tokens end with the next request, its open sockets within seconds."""
        end_session(signed_in(request), session_id)
        return Response(status=status.HTTP_204_NO_CONTENT)
