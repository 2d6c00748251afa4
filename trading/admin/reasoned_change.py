"""Editing a row says why: a change without a reason is refused, and the history keeps old and new values."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from trading.admin.history import REASON_CHARACTERS

REASON = "reason"


class ReasonedForm(forms.ModelForm):
    reason = forms.CharField(
        label="Reason for the change",
        required=False,
        max_length=REASON_CHARACTERS,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text="Needed for any change; kept in the history with your name.",
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self.instance.pk and set(self.changed_data) - {REASON} and not data.get(REASON):
            self.add_error(REASON, ValidationError("Say why this is changed."))
        return data


class ReasonedAdmin(admin.ModelAdmin):
    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        if add or REASON not in form.cleaned_data:
            return super().construct_change_message(request, form, formsets, add)
        changes = [_change(form, name) for name in form.changed_data if name != REASON]
        return f"{'; '.join(changes) or 'Nothing changed'}: {form.cleaned_data[REASON] or 'no reason given'}"

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Only what was edited: what others changed meanwhile, such as a suspension, stays."""
        if not change:
            obj.save()
            return
        columns = {field.name for field in obj._meta.concrete_fields}
        obj.save(update_fields=[name for name in form.changed_data if name in columns])


def _change(form: Any, name: str) -> str:
    field = form.fields[name]
    if isinstance(field, forms.ModelMultipleChoiceField):
        return f"{form[name].label} changed"
    old, new = (_shown(field, value) for value in (form.initial.get(name), form.cleaned_data[name]))
    return f"{form[name].label} from {old or 'nothing'} to {new or 'nothing'}"


def _shown(field: forms.Field, value: Any) -> str:
    choices = dict(getattr(field, "choices", None) or [])
    return str(choices.get(value, field.prepare_value(value)))
