"""What staff did in the admin: the whole history, newest first."""

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.utils.html import format_html

from trading.admin.cells import NOTHING, Cell, moment, person
from trading.admin.read_only import ReadOnlyAdmin


@admin.register(LogEntry)
class StaffActionAdmin(ReadOnlyAdmin):
    list_display = ("time", "by", "kind", "about", "what_and_why")
    list_display_links = None
    list_select_related = ("user", "content_type")
    search_fields = ("user__username", "object_repr", "change_message")
    search_help_text = "Who, to whom or what, and words of the reason"

    @admin.display(description="Time (UTC)")
    def time(self, entry: LogEntry) -> str:
        return moment(entry.action_time)

    @admin.display(description="By")
    def by(self, entry: LogEntry) -> Cell:
        return person(entry.user)

    @admin.display(description="Kind")
    def kind(self, entry: LogEntry) -> str:
        return entry.content_type.name if entry.content_type else NOTHING

    @admin.display(description="About")
    def about(self, entry: LogEntry) -> Cell:
        url = None if entry.is_deletion() else entry.get_admin_url()
        return format_html('<a href="{}">{}</a>', url, entry.object_repr) if url else entry.object_repr

    @admin.display(description="What and why")
    def what_and_why(self, entry: LogEntry) -> str:
        return entry.get_change_message() or NOTHING
