"""Addresses below /api/v1/."""

from django.urls import path

from accounts.api.api_keys import KeysView, KeyView
from accounts.api.log_in import LogoutView, RefreshView, TokenView
from accounts.api.password import PasswordView
from accounts.api.register import RegisterView
from accounts.api.second_factor import ConfirmView, DisableView, EnrolView, RecoveryCodesView, TwoFactorView
from accounts.api.sessions import SessionsView, SessionView

urlpatterns = [
    path("auth/register", RegisterView.as_view()),
    path("auth/token", TokenView.as_view()),
    path("auth/token/refresh", RefreshView.as_view()),
    path("auth/logout", LogoutView.as_view()),
    path("auth/password", PasswordView.as_view()),
    path("auth/sessions", SessionsView.as_view()),
    path("auth/sessions/<int:session_id>", SessionView.as_view()),
    path("auth/two-factor", TwoFactorView.as_view()),
    path("auth/two-factor/enrol", EnrolView.as_view()),
    path("auth/two-factor/confirm", ConfirmView.as_view()),
    path("auth/two-factor/recovery-codes", RecoveryCodesView.as_view()),
    path("auth/two-factor/disable", DisableView.as_view()),
    path("api-keys", KeysView.as_view()),
    path("api-keys/<int:key_id>", KeyView.as_view()),
]
