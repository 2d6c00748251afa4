"""Tokens are credentials: the pages that simplejwt brings, which show them in the clear, are taken away."""

from django.contrib import admin
from rest_framework_simplejwt.token_blacklist import admin as token_pages
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

__all__ = ["token_pages"]

admin.site.unregister([OutstandingToken, BlacklistedToken])
