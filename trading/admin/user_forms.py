"""Adding and editing people."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.core.exceptions import ValidationError
from django.db.models import Value
from django.db.models.functions import Lower

from accounts.models import User
from trading.admin.reasoned_change import ReasonedForm


class UniqueIgnoringCase:
    """User name and e-mail address are taken in whatever case of letters; said before the database does."""

    instance: User
    cleaned_data: dict[str, Any]

    def clean_username(self) -> str:
        return self._free("username", "This user name is already taken.")

    def clean_email(self) -> str:
        return self._free("email", "This e-mail address is already registered.")

    def _free(self, field: str, sentence: str) -> str:
        text: str = self.cleaned_data.get(field) or ""
        others = User.objects.alias(lowered=Lower(field)).filter(lowered=Lower(Value(text)))
        if text and others.exclude(pk=self.instance.pk).exists():
            raise ValidationError(sentence)
        return text


class AddUserForm(UniqueIgnoringCase, AdminUserCreationForm):
    email = forms.EmailField(max_length=254, widget=forms.EmailInput(attrs={"class": "vTextField"}))

    class Meta(AdminUserCreationForm.Meta):
        model = User
        fields = ("username", "email")


class EditUserForm(UniqueIgnoringCase, ReasonedForm, UserChangeForm):
    email = forms.EmailField(
        max_length=254, required=False, widget=forms.EmailInput(attrs={"class": "vTextField"})
    )

    class Meta(UserChangeForm.Meta):
        model = User
