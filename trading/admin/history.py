"""The staff's history: who did what to which object, when and why (Django's LogEntry)."""

from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, QuerySet

REASON_CHARACTERS = 200


def note(by: Any, thing: Model, message: str) -> None:
    rows = type(thing)._default_manager.filter(pk=thing.pk)
    LogEntry.objects.log_actions(by.pk, rows, CHANGE, message, single_object=True)


def entries_about(thing: Model) -> QuerySet[LogEntry]:
    """Newest first."""
    kind = ContentType.objects.get_for_model(thing)
    rows = LogEntry.objects.filter(content_type=kind, object_id=str(thing.pk))
    return rows.select_related("user").order_by("-id")
