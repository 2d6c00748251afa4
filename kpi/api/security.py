"""GET /api/v1/kpi/security"""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.fields import Milliseconds
from kpi.api.kpi_view import KpiView, WindowSerializer, asked_window, describe
from kpi.selectors import SecurityFigures, security_figures
from kpi.selectors.security import SIGNATURES, TOKEN, SecurityStep
from kpi.services.take_samples import ANY_SCOPE


class ReasonSerializer(serializers.Serializer):
    reason = serializers.CharField()
    count = serializers.IntegerField()


class RefusedSerializer(serializers.Serializer):
    total = serializers.IntegerField()
    by_reason = ReasonSerializer(many=True)


class ScopeSerializer(serializers.Serializer):
    scope = serializers.CharField()
    count = serializers.IntegerField()


class LimitHitsSerializer(serializers.Serializer):
    total = serializers.IntegerField()
    by_scope = ScopeSerializer(many=True)


class KeysSerializer(serializers.Serializer):
    total = serializers.IntegerField()
    by_scope = ScopeSerializer(many=True, help_text="a key can have several")


class SecurityStepSerializer(serializers.Serializer):
    """One minute or hour; those in which nothing happened are left out."""

    time = Milliseconds()
    auth_failures = serializers.IntegerField(help_text="log-ins, tokens and signatures that were refused")
    limit_hits = serializers.IntegerField()


class SecurityKpiSerializer(WindowSerializer):
    """Who was kept out. Users, sessions and keys are those that there are now."""

    failed_log_ins = RefusedSerializer(
        help_text="with a password, an API key or a one-time code; suspended: right, but suspended"
    )
    refused_tokens = serializers.IntegerField(help_text="access or refresh tokens that do not count")
    refused_signatures = RefusedSerializer(help_text="wrong, too old or sent before")
    limit_hits = LimitHitsSerializer(help_text="requests, orders, connections and log-ins beyond a limit")
    suspended_users = serializers.IntegerField(allow_null=True)
    sessions = serializers.IntegerField(allow_null=True, help_text="log-ins that have not ended")
    api_keys = KeysSerializer(allow_null=True, help_text="that can be used")
    series = SecurityStepSerializer(many=True)


class SecurityView(KpiView):
    """Who was kept out, and why."""

    @describe("kpi_security", SecurityKpiSerializer)
    def get(self, request: Request) -> Response:
        asked = asked_window(request)
        told = _told(security_figures(asked)) | asked._asdict() | {"window": asked.name}
        return Response(SecurityKpiSerializer(told).data)


def _told(figures: SecurityFigures) -> dict[str, Any]:
    failures = figures.auth_failures
    log_ins = {reason: n for reason, n in failures.items() if reason not in (*SIGNATURES, TOKEN)}
    signatures = {reason: n for reason, n in failures.items() if reason in SIGNATURES}
    scopes = {scope: int(n) for scope, n in figures.keys.items() if scope != ANY_SCOPE}
    return {
        "as_of": figures.as_of,
        "failed_log_ins": {"total": sum(log_ins.values()), "by_reason": _listed("reason", log_ins)},
        "refused_tokens": failures.get(TOKEN, 0),
        "refused_signatures": {
            "total": sum(signatures.values()),
            "by_reason": _listed("reason", signatures),
        },
        "limit_hits": {
            "total": sum(figures.limit_hits.values()),
            "by_scope": _listed("scope", figures.limit_hits),
        },
        "suspended_users": figures.suspended_users,
        "sessions": figures.sessions,
        "api_keys": {"total": figures.keys[ANY_SCOPE], "by_scope": _listed("scope", scopes)}
        if figures.keys
        else None,
        "series": [_step(each) for each in figures.steps],
    }


def _listed(name: str, counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """Most first."""
    return [
        {name: each, "count": n} for each, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]


def _step(each: SecurityStep) -> dict[str, Any]:
    return each._asdict() | {"time": each.start}
