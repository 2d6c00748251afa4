"""People: found, looked at, edited; suspended and resumed; their balances adjusted, their keys revoked."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.safestring import SafeString

from accounts.models import APIKey, User
from accounts.selectors import account_of_user, balances, second_factor_of
from accounts.services import open_account, revoke_api_key
from common.errors import Refused
from trading.admin import adjustment, second_factor, suspension
from trading.admin.cells import NOTHING, minute, tag
from trading.admin.confirmation import (
    Question,
    ReasonForm,
    ask,
    chosen,
    chosen_url,
    filled_in,
    to_confirmation,
)
from trading.admin.filters import SuspendedFilter
from trading.admin.history import note
from trading.admin.read_only import LargeTableAdmin
from trading.admin.reasoned_change import REASON, ReasonedAdmin
from trading.admin.user_forms import AddUserForm, EditUserForm
from trading.admin.user_panels import below, beside

RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")


@admin.register(User)
class PersonAdmin(ReasonedAdmin, LargeTableAdmin, UserAdmin):
    form = EditUserForm
    add_form = AddUserForm
    change_form_template = "admin/accounts/user/change_form.html"
    fieldsets = (
        (None, {"fields": ("username", "email", "first_name", "last_name", "password")}),
        ("Standing", {"fields": ("tier", "verification_level")}),
        ("Rights", {"classes": ("collapse",), "fields": (("is_staff", "is_superuser"), *RIGHTS[2:])}),
        (None, {"fields": (REASON,)}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": ("username", "email", "usable_password", "password1", "password2"),
            },
        ),
    )
    list_display = ("username", "id", "email", "tier", "verification_level", "standing", "rights", "joined")
    list_filter = ("tier", SuspendedFilter, "is_staff")
    search_fields = ("username", "email", "first_name", "last_name", "=id")
    search_help_text = "Name, e-mail address or id"
    actions = ("suspend_selected", "resume_selected")

    # ---- the list ----

    @admin.display(description="Standing")
    def standing(self, user: User) -> SafeString:
        return tag("Suspended", "bad") if user.is_suspended else tag("Active", "good")

    @admin.display(description="Rights")
    def rights(self, user: User) -> str:
        return "superuser" if user.is_superuser else "staff" if user.is_staff else NOTHING

    @admin.display(description="Joined (UTC)")
    def joined(self, user: User) -> str:
        return minute(user.date_joined)

    @admin.action(description="Suspend selected users", permissions=["change"])
    def suspend_selected(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse | None:
        return to_confirmation(self, request, rows, "admin:accounts_user_suspend")

    @admin.action(description="Resume selected users", permissions=["change"])
    def resume_selected(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse | None:
        return to_confirmation(self, request, rows, "admin:accounts_user_resume")

    # ---- who may what ----

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Staff are changed by superusers only: nobody may give themselves rights, or lock out their betters."""
        if obj is not None and (obj.is_staff or obj.is_superuser) and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Never: the ledger keeps every account, and the history keeps every name. Suspend instead."""
        return False

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        shown = super().get_fieldsets(request, obj)
        return shown[:-1] if obj and not self.has_change_permission(request, obj) else shown

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        return () if request.user.is_superuser else RIGHTS

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Of others. One's own takes the old password and a code, here as anywhere."""
        user = self.get_object(request, unquote(id))  # "04" is the same one as "4"
        if user is not None and user.pk == request.user.pk and self.has_change_permission(request, user):
            return redirect("admin:password_change")
        return super().user_change_password(request, id, form_url)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        open_account(obj)

    # ---- one user's page ----

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        user = self.get_object(request, object_id)
        if user is not None and self.has_view_or_change_permission(request, user):
            extra_context = {**(extra_context or {}), **self._beside_the_form(request, user)}
        return super().change_view(request, object_id, form_url, extra_context)

    def _beside_the_form(self, request: HttpRequest, user: User) -> dict[str, Any]:
        may_change = self.has_change_permission(request, user)
        account = account_of_user(user.pk)
        view = "resume" if user.is_suspended else "suspend"
        return {
            "title": user.username,
            "subtitle": "",
            "account": account,
            "beside": beside(user, account, request.user, may_change),
            "below": below(account, request.user),
            "show_save_and_add_another": False,
            "suspension_url": chosen_url(f"admin:accounts_user_{view}", user.pk) if may_change else "",
            "second_factor": second_factor_of(user),
            "may_remove_second_factor": may_change and user.pk != request.user.pk,
            "may_adjust": request.user.has_perm(adjustment.PERMISSION),
        }

    def get_urls(self) -> list[Any]:
        views: list[tuple[str, Callable[..., HttpResponse], str]] = [
            ("suspend/", self.suspend_view, "suspend"),
            ("resume/", self.resume_view, "resume"),
            ("<int:user_id>/adjust/", self.adjust_view, "adjust"),
            ("<int:user_id>/second-factor/remove/", self.second_factor_view, "remove_second_factor"),
            ("<int:user_id>/api-keys/<int:key_id>/revoke/", self.revoke_view, "revoke_key"),
        ]
        own = [
            path(route, self.admin_site.admin_view(view), name=f"accounts_user_{name}")
            for route, view, name in views
        ]
        return own + super().get_urls()

    def suspend_view(self, request: HttpRequest) -> HttpResponse:
        users, back = self._chosen(request)
        form = suspension.SuspendForm(filled_in(request))
        if request.method == "POST" and form.is_valid():
            suspension.suspend(
                request, users, form.cleaned_data["reason"], form.cleaned_data["cancel_orders"]
            )
            return redirect(back)
        text = "Their tokens, API keys and sessions end at once, and their open sockets are closed."
        names = [user.username for user in users] if len(users) > 1 else []
        question = Question(_title("Suspend", users), text, list(names), "Suspend", back, is_grave=True)
        return ask(self, request, form, question)

    def resume_view(self, request: HttpRequest) -> HttpResponse:
        users, back = self._chosen(request)
        form = ReasonForm(filled_in(request))
        if request.method == "POST" and form.is_valid():
            suspension.resume(request, users, form.cleaned_data["reason"])
            return redirect(back)
        lines = [f"{user} – suspended: {user.suspended_reason or 'no'}" for user in users]
        text = "They can sign in again; sessions and tokens that ended stay ended."
        question = Question(_title("Resume", users), text, list(lines), "Resume", back)
        return ask(self, request, form, question)

    def adjust_view(self, request: HttpRequest, user_id: int) -> HttpResponse:
        if not request.user.has_perm(adjustment.PERMISSION):
            raise PermissionDenied
        user = self._user(request, user_id)
        back = reverse("admin:accounts_user_change", args=[user.pk])
        form = adjustment.AdjustmentForm(filled_in(request))
        if request.method == "POST" and form.is_valid() and self._adjusted(request, user, form):
            return redirect(back)
        account = account_of_user(user.pk)
        own = balances(account.pk) if account else []
        lines = [
            f"{row.asset}: {row.available.normalize():f} available, {row.held.normalize():f} held"
            for row in own
        ]
        text = (
            "A ledger transaction against the outside world, with your name and reason. "
            "It cannot be edited or deleted afterwards, only adjusted back."
        )
        title = f"Adjust a balance of {user}"
        return ask(
            self, request, form, Question(title, text, list(lines), "Post adjustment", back, is_grave=True)
        )

    def _adjusted(self, request: HttpRequest, user: User, form: adjustment.AdjustmentForm) -> bool:
        data = form.cleaned_data
        try:
            posted, is_new = adjustment.adjust(
                user, data["asset"].code, data["amount"], data["reason"], str(data["reference"]), request.user
            )
        except Refused as refused:
            form.add_error("amount", refused.message)
            return False
        if is_new:
            messages.success(request, f"Posted as ledger transaction {posted.pk}.")
        else:
            messages.warning(request, f"This was posted before, as ledger transaction {posted.pk}.")
        return True

    def second_factor_view(self, request: HttpRequest, user_id: int) -> HttpResponse:
        user = self._user(request, user_id)
        if not self.has_change_permission(request, user):
            raise PermissionDenied
        back = reverse("admin:accounts_user_change", args=[user.pk])
        form = ReasonForm(filled_in(request))
        if request.method == "POST" and form.is_valid():
            second_factor.remove(request, user, form.cleaned_data["reason"])
            return redirect(back)
        title = f"Remove the second factor of {user}"
        return ask(
            self, request, form, Question(title, second_factor.TEXT, [], "Remove", back, is_grave=True)
        )

    def revoke_view(self, request: HttpRequest, user_id: int, key_id: int) -> HttpResponse:
        user = self._user(request, user_id)
        if not self.has_change_permission(request, user):
            raise PermissionDenied
        back = reverse("admin:accounts_user_change", args=[user.pk])
        key = APIKey.objects.filter(pk=key_id, user=user).first()
        if key is None:
            raise Http404
        form = ReasonForm(filled_in(request))
        if request.method == "POST" and form.is_valid():
            self._revoke(request, user, key, form.cleaned_data["reason"])
            return redirect(back)
        text = "The key and every token made from it end at once; its programs can no longer trade."
        subject = f"{key.key_hint}… {key.name}"
        return ask(
            self,
            request,
            form,
            Question(f"Revoke an API key of {user}", text, [subject], "Revoke", back, is_grave=True),
        )

    def _revoke(self, request: HttpRequest, user: User, key: APIKey, reason: str) -> None:
        try:
            revoke_api_key(user, key.pk)
        except Refused:
            messages.warning(request, "This key was revoked already.")
            return
        note(request.user, user, f"API key {key.key_hint}… revoked: {reason}")
        messages.success(request, f"API key {key.key_hint}… revoked.")

    def _user(self, request: HttpRequest, user_id: int) -> User:
        user = self.get_object(request, str(user_id))
        if user is None:
            raise Http404
        return user

    def _chosen(self, request: HttpRequest) -> tuple[list[User], str]:
        """The users named in the address, and where to go afterwards. Raises PermissionDenied, Http404."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        users = chosen(request, self.get_queryset(request))
        if not all(self.has_change_permission(request, user) for user in users):
            raise PermissionDenied
        if len(users) == 1:
            return users, reverse("admin:accounts_user_change", args=[users[0].pk])
        return users, reverse("admin:accounts_user_changelist")


def _title(verb: str, users: list[User]) -> str:
    return f"{verb} {users[0]}" if len(users) == 1 else f"{verb} {len(users)} users"
