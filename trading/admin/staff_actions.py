"""What staff did in the admin: the whole history, newest first."""

from django.contrib import admin
from django.contrib.admin.models import LogEntry

from trading.admin.cells import NOTHING, Cell, moment, person
from trading.admin.read_only import ReadOnlyAdmin


@admin.register(LogEntry)
class StaffActionAdmin(ReadOnlyAdmin):
    list_display = ("time", "by", "content_type", "object_repr", "what_and_why")
    list_display_links = None
    list_select_related = ("user", "content_type")
    list_filter = ("content_type", "action_flag")
    search_fields = ("user__username", "object_repr", "change_message")
    search_help_text = "Who, to whom or what, and words of the reason"

    @admin.display(description="Time (UTC)")
    def time(self, entry: LogEntry) -> str:
        return moment(entry.action_time)

    @admin.display(description="By")
    def by(self, entry: LogEntry) -> Cell:
        return person(entry.user)

    @admin.display(description="What and why")
    def what_and_why(self, entry: LogEntry) -> str:
        return entry.get_change_message() or NOTHING
