"""Tokens and second factors are credentials: the pages that other packages bring, which show them in the clear,
are taken away. What staff may do about a second factor stands on the user's page."""

from django.contrib import admin
from django_otp.plugins.otp_static import admin as recovery_code_pages
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp import admin as authenticator_pages
from django_otp.plugins.otp_totp.models import TOTPDevice
from rest_framework_simplejwt.token_blacklist import admin as token_pages
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

__all__ = ["authenticator_pages", "recovery_code_pages", "token_pages"]

admin.site.unregister([OutstandingToken, BlacklistedToken, TOTPDevice, StaticDevice])
